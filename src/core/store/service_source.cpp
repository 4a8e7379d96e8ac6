#include "core/store/service_source.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace lifeboat {
namespace {

std::optional<uint64_t> ParseNumber(std::string_view text) {
    uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

// Beyond the end of any object, and a number that services can read.
constexpr uint64_t kBeyond = 1ULL << 50;

} // namespace

PieceSource::PieceSource(ByteRange range) : range_(range) {
    range_.offset = std::min(range_.offset, kBeyond);
}

void PieceSource::Start() {
    BeginNext();
    Take();
}

void PieceSource::BeginNext() {
    const uint64_t length = std::min(range_.length, kPieceBytes);
    exchange_ = Begin("bytes=" + std::to_string(range_.offset) + "-" +
                      std::to_string(range_.offset + length - 1));
}

size_t PieceSource::Read(MutableBytes into) {
    if (at_ == piece_.size() && !ended_) Take();
    const size_t size = std::min(into.size(), piece_.size() - at_);
    std::copy_n(AsBytes(piece_).begin() + static_cast<ptrdiff_t>(at_), size, into.begin());
    at_ += size;
    return size;
}

// The size of the whole object: "Content-Range: bytes 0-99/1000". What came must be where it was
// asked for: a service that ignores ranges sends something else.
uint64_t PieceSource::TotalOf(const HttpAnswer& answer) {
    if (answer.status == 200 && range_.offset == 0) return answer.body.size();
    const std::string_view text = answer.Header("content-range");
    const std::string begin = "bytes " + std::to_string(range_.offset) + "-";
    const size_t slash = text.find('/');
    const auto total =
        slash == std::string_view::npos ? std::nullopt : ParseNumber(text.substr(slash + 1));
    if (answer.status != 206 || !text.starts_with(begin) || !total)
        Refuse("The service answered " + std::to_string(answer.status) +
               " without the part of the object that it was asked for.");
    return *total;
}

void PieceSource::Take() {
    const auto exchange = std::exchange(exchange_, nullptr);
    piece_.clear();
    at_ = 0;
    const HttpAnswer& answer = Await(*exchange);
    ended_ = answer.status == 416;
    if (ended_) return;
    const uint64_t total = TotalOf(answer);
    const uint64_t rest = total - std::min(total, range_.offset);
    if (answer.body.size() < std::min({rest, range_.length, kPieceBytes}) ||
        answer.body.size() > range_.length)
        Refuse("The service answered with " + std::to_string(answer.body.size()) +
               " bytes, which is not what it was asked for.");
    piece_ = answer.body;
    range_.offset += piece_.size();
    if (range_.length != UINT64_MAX) range_.length -= piece_.size();
    ended_ = range_.length == 0 || range_.offset >= total;
    if (!ended_) BeginNext();
}

} // namespace lifeboat
