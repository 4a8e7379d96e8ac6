#include "core/copytext/text.h"

#include <algorithm>

#include "core/copytext/hex.h"

namespace lifeboat {

bool FormatText(const TypeFormat&, const char* value, size_t size, TextOut& out) {
    out.PutEscaped({value, size});
    return true;
}

bool FormatName(const TypeFormat&, const char* value, size_t size, TextOut& out) {
    const auto* const end = static_cast<const char*>(std::memchr(value, '\0', size));
    out.PutEscaped({value, end != nullptr ? static_cast<size_t>(end - value) : size});
    return true;
}

bool FormatBytea(const TypeFormat&, const char* value, size_t size, TextOut& out) {
    out.PutPlain(R"(\\x)"); // \x, its backslash escaped
    while (size > 0) {
        const size_t piece = std::min(size, TextOut::kMaxReserve / 2);
        out.Advance(WriteHex(value, piece, out.Reserve(2 * piece)));
        value += piece;
        size -= piece;
    }
    return true;
}

} // namespace lifeboat
