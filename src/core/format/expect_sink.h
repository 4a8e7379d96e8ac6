// Size and SHA-256 of an object that flows by, before the sink behind it makes anything visible.
#pragma once

#include "core/format/manifest.h"
#include "core/io/taps.h"

namespace lifeboat {

// Error(Damaged) naming the object when what came is not what the manifest says; then the sink
// behind was not finished.
class ExpectSink final : public Sink {
public:
    ExpectSink(const ObjectRecord& record, Sink& next) : record_(record), hash_(next) {}
    void Write(Bytes bytes) override;
    void Finish() override;

private:
    const ObjectRecord& record_;
    HashTap hash_;
};

} // namespace lifeboat
