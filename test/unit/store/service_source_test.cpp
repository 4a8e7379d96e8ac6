// What services answer to a request for a part of an object, good and bad.
#include "core/store/service_source.h"

#include <gtest/gtest.h>

#include <functional>

namespace lifeboat {
namespace {

using Serve = std::function<HttpAnswer(uint64_t first, uint64_t last)>;

class FakeSource final : public PieceSource {
public:
    FakeSource(ByteRange range, Serve serve) : PieceSource(range), serve_(std::move(serve)) {}
    [[nodiscard]] int asked() const { return asked_; }

private:
    std::shared_ptr<HttpExchange> Begin(const std::string& range) override {
        ++asked_;
        unsigned long long first = 0;
        unsigned long long last = 0;
        EXPECT_EQ(std::sscanf(range.c_str(), "bytes=%llu-%llu", &first, &last), 2) << range;
        answer_ = serve_(first, last);
        return nullptr;
    }
    const HttpAnswer& Await(HttpExchange& /*exchange*/) override {
        current_ = answer_;
        return current_;
    }
    [[noreturn]] void Refuse(const std::string& why) override {
        throw StoreError(StoreFault::kTransient, Errc::StoreUnreachable, why);
    }

    Serve serve_;
    HttpAnswer answer_;
    HttpAnswer current_;
    int asked_ = 0;
};

HttpAnswer Part(const std::string& object, uint64_t first, uint64_t last) {
    HttpAnswer answer;
    answer.status = first < object.size() ? 206 : 416;
    if (answer.status == 416) return answer;
    answer.body = object.substr(first, last - first + 1);
    answer.headers["content-range"] = "bytes " + std::to_string(first) + "-" +
                                      std::to_string(first + answer.body.size() - 1) + "/" +
                                      std::to_string(object.size());
    return answer;
}

std::string ReadAll(FakeSource& source) {
    source.Start();
    std::string text;
    Buffer buffer(300'000);
    while (const size_t got = source.Read(buffer)) text += AsText(Bytes(buffer).first(got));
    return text;
}

std::string ReadOf(const std::string& object, ByteRange range) {
    FakeSource source(range,
                      [&](uint64_t first, uint64_t last) { return Part(object, first, last); });
    return ReadAll(source);
}

TEST(PieceSource, ReadsWhatItIsAskedFor) {
    std::string large(PieceSource::kPieceBytes * 2 + 17, 'x');
    for (size_t i = 0; i < large.size(); i += 1000)
        large[i] = static_cast<char>('a' + i / 1000 % 26);
    EXPECT_EQ(ReadOf(large, {}), large);
    EXPECT_EQ(ReadOf(large, {5, PieceSource::kPieceBytes}),
              large.substr(5, PieceSource::kPieceBytes));
    EXPECT_EQ(ReadOf(large, {large.size() - 3, 10}), large.substr(large.size() - 3));
    EXPECT_EQ(ReadOf("abc", {1, 1}), "b");
    EXPECT_EQ(ReadOf("abc", {3, 1}), "");
    EXPECT_EQ(ReadOf("", {}), "");
    const std::string exact(PieceSource::kPieceBytes, 'y');
    FakeSource source({}, [&](uint64_t first, uint64_t last) { return Part(exact, first, last); });
    EXPECT_EQ(ReadAll(source), exact);
    EXPECT_EQ(source.asked(), 1);
}

std::string RefusalOf(ByteRange range, const Serve& serve) {
    FakeSource source(range, serve);
    try {
        ReadAll(source);
    } catch (const StoreError& error) {
        return error.message();
    }
    return "none";
}

TEST(PieceSource, TakesAWholeObjectOnlyFromItsBeginning) {
    const Serve whole = [](uint64_t, uint64_t) {
        HttpAnswer answer;
        answer.status = 200;
        answer.body = "abcdef";
        return answer;
    };
    EXPECT_EQ(RefusalOf({}, whole), "none");
    EXPECT_EQ(RefusalOf({2, 100}, whole),
              "The service answered 200 without the part of the object that it was asked for.");
}

TEST(PieceSource, RefusesAnotherPartOrLessThanThereIs) {
    EXPECT_EQ(RefusalOf({2, 100}, [](uint64_t, uint64_t) { return Part("abcdef", 0, 5); }),
              "The service answered 206 without the part of the object that it was asked for.");
    EXPECT_EQ(RefusalOf({2, 100},
                        [](uint64_t first, uint64_t last) {
                            HttpAnswer answer = Part("abcdef", first, last);
                            answer.body.pop_back();
                            return answer;
                        }),
              "The service answered with 3 bytes, which is not what it was asked for.");
    EXPECT_EQ(RefusalOf({0, 2}, [](uint64_t, uint64_t) { return Part("abcdef", 0, 5); }),
              "The service answered with 6 bytes, which is not what it was asked for.");
}

} // namespace
} // namespace lifeboat
