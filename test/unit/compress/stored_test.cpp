#include "codec_text.h"

namespace lifeboat {
namespace {

using test::Compress;

TEST(Stored, IsTheTextBetweenHeaders) {
    EXPECT_EQ(ToHex(AsBytes(Compress("abc", "none"))),
              "28b52ffd" // magic
              "00"       // no checksum, no content size
              "38"       // window of 128 KiB
              "180000"   // raw block of 3 bytes
              "616263"
              "010000"); // the last one, empty
}

TEST(Stored, CostsNineBytesAndThreeForEachBlock) {
    const std::string text(1U << 20, 'x');
    EXPECT_EQ(Compress(text, "none").size(), text.size() + 9 + 3 * 8);
}

} // namespace
} // namespace lifeboat
