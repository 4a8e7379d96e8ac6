// The text of a relation's rows on its way into objects: where formatters write, and what knows
// where rows, blocks and frames end.
#pragma once

#include "core/copytext/text_out.h"
#include "pg/scan/object_context.h"

namespace lifeboat::pg {

class RowBuffer final : public TextOut {
public:
    explicit RowBuffer(PartedObject& object);
    // All that was ever put.
    [[nodiscard]] uint64_t total() const noexcept { return flushed_ + used(); }
    // All rows of this block have been put.
    void EndBlock(uint32_t block);
    // So many rows have been put since the last call. True when the object's part has grown large
    // enough to end here.
    [[nodiscard]] bool EndRows(uint64_t rows) { return object_.EndRows(rows); }
    // Ends the part; the last of its rows lies in `block`, which has not ended yet.
    void EndPart(uint32_t block);
    void Flush() { Drain(); }

private:
    // Small enough to stay in a core's cache between formatter and compressor.
    static constexpr size_t kSize = 256 * 1024;
    [[nodiscard]] size_t used() const noexcept { return static_cast<size_t>(next_ - begin_); }
    void Drain() override;

    PartedObject& object_;
    std::unique_ptr<char[]> bytes_;
    uint64_t flushed_ = 0;
};

} // namespace lifeboat::pg
