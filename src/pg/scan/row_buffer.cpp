#include "pg/scan/row_buffer.h"

namespace lifeboat::pg {

RowBuffer::RowBuffer(PartedObject& object)
    : object_(object), bytes_(std::make_unique_for_overwrite<char[]>(kSize)) {
    begin_ = next_ = bytes_.get();
    end_ = begin_ + kSize;
}

void RowBuffer::Drain() {
    const size_t size = used();
    if (size == 0) return;
    object_.Write(AsBytes({begin_, size}));
    flushed_ += size;
    next_ = begin_;
}

void RowBuffer::EndBlock(uint32_t block) {
    if (object_.FrameIsFull(used())) Drain();
    object_.EndBlock(block, used());
}

void RowBuffer::EndPart(uint32_t block) {
    Drain();
    object_.EndPart(block);
}

} // namespace lifeboat::pg
