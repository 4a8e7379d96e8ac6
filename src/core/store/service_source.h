// An object read over HTTP piece by piece (RFC 9110, section 14); the next piece is asked for while
// one is read.
#pragma once

#include <memory>
#include <string>

#include "core/io/http.h"
#include "core/store/store.h"

namespace lifeboat {

class PieceSource : public Source {
public:
    static constexpr uint64_t kPieceBytes = 8ULL << 20;

    // `range` is not empty.
    explicit PieceSource(ByteRange range);
    // Takes the first piece: an absent object is noticed here.
    void Start();
    size_t Read(MutableBytes into) override;

private:
    // `range` is the value of the header.
    virtual std::shared_ptr<HttpExchange> Begin(const std::string& range) = 0;
    // A good answer, or one of status 416 (the object ends before the range begins); otherwise
    // throws.
    virtual const HttpAnswer& Await(HttpExchange& exchange) = 0;
    [[noreturn]] virtual void Refuse(const std::string& why) = 0;

    void BeginNext();
    void Take();
    uint64_t TotalOf(const HttpAnswer& answer);

    ByteRange range_; // what has not come yet
    std::shared_ptr<HttpExchange> exchange_;
    std::string piece_;
    size_t at_ = 0;
    bool ended_ = false;
};

} // namespace lifeboat
