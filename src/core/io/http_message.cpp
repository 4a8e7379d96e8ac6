#include "core/io/http_message.h"

#include <curl/curl.h>

#include <algorithm>
#include <cstdio>

namespace lifeboat {

void HttpBody::Append(Bytes bytes) {
    while (!bytes.empty()) {
        if (size_ == pieces_.size() * kPiece) {
            pieces_.emplace_back();
            if (size_ > 0) pieces_.back().reserve(kPiece); // a small body stays small
        }
        Buffer& last = pieces_.back();
        const size_t size = std::min(bytes.size(), kPiece - last.size());
        last.insert(last.end(), bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size));
        size_ += size;
        bytes = bytes.subspan(size);
    }
}

Bytes HttpBody::At(uint64_t offset) const noexcept {
    if (offset >= size_) return {};
    return Bytes(pieces_[offset / kPiece]).subspan(offset % kPiece);
}

std::string_view HttpAnswer::Header(std::string_view name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string_view{} : std::string_view(found->second);
}

std::optional<Instant> ParseHttpDate(std::string_view text) {
    const time_t seconds = curl_getdate(std::string(text).c_str(), nullptr);
    if (seconds == -1) return std::nullopt;
    return Instant(std::chrono::seconds(seconds));
}

// RFC 9110, section 5.6.7; names of days and months are English, whatever the locale.
std::string HttpDate(Instant when) {
    static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto day = std::chrono::floor<std::chrono::days>(when);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(when - day));
    char text[64];
    std::snprintf(text, sizeof text, "%s, %02u %s %04d %02d:%02d:%02d GMT",
                  kDays[std::chrono::weekday(day).c_encoding()], unsigned(date.day()),
                  kMonths[unsigned(date.month()) - 1], int(date.year()),
                  static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                  static_cast<int>(time.seconds().count()));
    return text;
}

} // namespace lifeboat
