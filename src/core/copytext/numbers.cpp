#include "core/copytext/numbers.h"

namespace lifeboat {

bool FormatBool(const TypeFormat&, const char* value, size_t, TextOut& out) {
    out.Put(*value != 0 ? 't' : 'f');
    return true;
}

bool FormatInt2(const TypeFormat&, const char* value, size_t, TextOut& out) {
    out.Advance(WriteInt32(Load<int16_t>(value), out.Reserve(kIntegerRoom)));
    return true;
}

bool FormatInt4(const TypeFormat&, const char* value, size_t, TextOut& out) {
    out.Advance(WriteInt32(Load<int32_t>(value), out.Reserve(kIntegerRoom)));
    return true;
}

bool FormatInt8(const TypeFormat&, const char* value, size_t, TextOut& out) {
    out.Advance(WriteInt64(Load<int64_t>(value), out.Reserve(kIntegerRoom)));
    return true;
}

bool FormatOid(const TypeFormat&, const char* value, size_t, TextOut& out) {
    out.Advance(WriteUint32(Load<uint32_t>(value), out.Reserve(kIntegerRoom)));
    return true;
}

bool FormatChar(const TypeFormat&, const char* value, size_t, TextOut& out) {
    if (static_cast<unsigned char>(*value) > 127) return false;
    if (*value != '\0') out.PutEscaped({value, 1});
    return true;
}

} // namespace lifeboat
