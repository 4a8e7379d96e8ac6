// Bytes that wait on disk: until they were all checked, or for a child program that wants a file.
#pragma once

#include <string>

#include "core/base/unique_fd.h"
#include "core/io/stream.h"

namespace lifeboat::cli {

// A file without a name below TMPDIR (it is gone with this process, however that ends) which child
// programs open by path().
class AnonymousFile final : public Sink {
public:
    AnonymousFile();
    void Write(Bytes bytes) override;
    void Finish() override {}
    void Clear(); // empty again, as when it was new
    // Below /proc: good while this process lives.
    [[nodiscard]] std::string path() const;
    [[nodiscard]] std::string ReadAll() const;
    // All of it, once more from the start; does not finish `sink`.
    void CopyTo(Sink& sink, Interrupt& interrupt) const;

private:
    UniqueFd fd_;
};

} // namespace lifeboat::cli
