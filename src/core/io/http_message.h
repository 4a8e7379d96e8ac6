// Requests and answers of HTTP, as far as stores need them (RFC 9110).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/clock.h"

namespace lifeboat {

// What is sent, in pieces: a large body is never moved while it grows.
class HttpBody {
public:
    void Append(Bytes bytes);
    [[nodiscard]] uint64_t size() const noexcept { return size_; }
    // From `offset` to the end of its piece; empty at the end.
    [[nodiscard]] Bytes At(uint64_t offset) const noexcept;

private:
    static constexpr size_t kPiece = size_t{1} << 20;
    std::vector<Buffer> pieces_; // all but the last of kPiece bytes
    uint64_t size_ = 0;
};

struct HttpRequest {
    std::string method;
    std::string url;                      // percent-encoded
    std::vector<std::string> headers;     // "name: value"
    std::shared_ptr<const HttpBody> body; // none: no body
    size_t most_answer = size_t{1} << 20; // bytes of the answer's body
};

struct HttpAnswer {
    int status = 0;
    std::map<std::string, std::string, std::less<>> headers; // lower-case names
    std::string body;
    // Empty when there is none.
    [[nodiscard]] std::string_view Header(std::string_view name) const;
};

// "Fri, 24 May 2013 00:00:00 GMT"; nullopt when it is none.
std::optional<Instant> ParseHttpDate(std::string_view text);
std::string HttpDate(Instant when);

} // namespace lifeboat
