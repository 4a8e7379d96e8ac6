#include "core/compress/stored.h"

#include <algorithm>

namespace lifeboat {
namespace {

// Magic; no content size, checksum or dictionary; a window of 128 KiB, which is one block.
constexpr std::array kFrameHeader = {std::byte{0x28}, std::byte{0xB5}, std::byte{0x2F},
                                     std::byte{0xFD}, std::byte{0x00}, std::byte{0x38}};
constexpr size_t kBlockBytes = 128U << 10;

} // namespace

void StoredCompressor::Write(Bytes bytes) {
    if (bytes.empty()) return;
    if (!open_) Emit(kFrameHeader);
    open_ = true;
    while (!bytes.empty()) {
        const Bytes block = bytes.first(std::min(kBlockBytes, bytes.size()));
        EmitBlockHeader(block.size(), false);
        Emit(block);
        bytes = bytes.subspan(block.size());
    }
}

void StoredCompressor::EndFrame() {
    if (!open_) return;
    EmitBlockHeader(0, true);
    open_ = false;
}

void StoredCompressor::Finish() {
    EndFrame();
    next_.Finish();
}

void StoredCompressor::Emit(Bytes bytes) {
    written_ += bytes.size();
    next_.Write(bytes);
}

// Three bytes, little-endian: one bit for the last block, two for the type (0: raw), the size.
void StoredCompressor::EmitBlockHeader(size_t size, bool last) {
    const size_t header = size << 3 | static_cast<size_t>(last);
    const std::array bytes = {static_cast<std::byte>(header & 0xFF),
                              static_cast<std::byte>(header >> 8 & 0xFF),
                              static_cast<std::byte>(header >> 16 & 0xFF)};
    Emit(bytes);
}

} // namespace lifeboat
