#include "core/copytext/text_out.h"

#include <algorithm>

#include "core/copytext/escape.h"

namespace lifeboat {

void TextOut::PutPlain(std::string_view text) {
    while (!text.empty()) {
        const size_t size = std::min(text.size(), kMaxReserve);
        std::memcpy(Reserve(size), text.data(), size);
        next_ += size;
        text.remove_prefix(size);
    }
}

void TextOut::PutEscaped(std::string_view text) {
    while (!text.empty()) {
        const size_t size = std::min(text.size(), kMaxReserve / 2);
        char* out = Reserve(size * 2);
        next_ = out + EscapeCopyText(text.data(), size, out);
        text.remove_prefix(size);
    }
}

TextCollector::TextCollector() : bytes_(2 * kMaxReserve, '\0') {
    begin_ = next_ = bytes_.data();
    end_ = begin_ + bytes_.size();
}

void TextCollector::Drain() {
    const auto used = static_cast<size_t>(next_ - begin_);
    bytes_.resize(std::max(bytes_.size() * 2, used + kMaxReserve));
    begin_ = bytes_.data();
    next_ = begin_ + used;
    end_ = begin_ + bytes_.size();
}

} // namespace lifeboat
