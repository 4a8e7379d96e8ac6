#include "core/copytext/uuid.h"

#include "core/copytext/hex.h"

namespace lifeboat {
namespace {

constexpr size_t kUuidBytes = 16;

void PutWithColons(const char* value, size_t size, TextOut& out) {
    char* to = out.Reserve(3 * size);
    for (size_t at = 0; at < size; ++at) {
        to = WriteHex(value + at, 1, to);
        *to++ = ':';
    }
    out.Advance(to - 1);
}

} // namespace

bool FormatUuid(const TypeFormat&, const char* value, size_t, TextOut& out) {
    char digits[2 * kUuidBytes];
    WriteHex(value, kUuidBytes, digits);
    char* const to = out.Reserve(sizeof(digits) + 4);
    std::memcpy(to, digits, 8);
    to[8] = '-';
    std::memcpy(to + 9, digits + 8, 4);
    to[13] = '-';
    std::memcpy(to + 14, digits + 12, 4);
    to[18] = '-';
    std::memcpy(to + 19, digits + 16, 4);
    to[23] = '-';
    std::memcpy(to + 24, digits + 20, 12);
    out.Advance(to + sizeof(digits) + 4);
    return true;
}

bool FormatMacaddr(const TypeFormat&, const char* value, size_t, TextOut& out) {
    PutWithColons(value, 6, out);
    return true;
}

bool FormatMacaddr8(const TypeFormat&, const char* value, size_t, TextOut& out) {
    PutWithColons(value, 8, out);
    return true;
}

} // namespace lifeboat
