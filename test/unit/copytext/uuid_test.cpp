#include "core/copytext/uuid.h"

#include "unit/copytext/formatted.h"

namespace lifeboat {
namespace {

constexpr std::string_view kBytes =
    "\x01\x23\x45\x67\x89\xab\xcd\xef\xfe\xdc\xba\x98\x76\x54\x32\x10";

TEST(Uuid, GroupsAreWhereTheyBelong) {
    EXPECT_EQ(FormattedBytes(FormatUuid, kBytes), "01234567-89ab-cdef-fedc-ba9876543210");
    EXPECT_EQ(FormattedBytes(FormatUuid, std::string(16, '\0')),
              "00000000-0000-0000-0000-000000000000");
    EXPECT_EQ(FormattedBytes(FormatUuid, std::string(16, '\xff')),
              "ffffffff-ffff-ffff-ffff-ffffffffffff");
}

TEST(Macaddr, BytesAndColons) {
    EXPECT_EQ(FormattedBytes(FormatMacaddr, kBytes.substr(0, 6)), "01:23:45:67:89:ab");
    EXPECT_EQ(FormattedBytes(FormatMacaddr8, kBytes.substr(0, 8)), "01:23:45:67:89:ab:cd:ef");
    EXPECT_EQ(FormattedBytes(FormatMacaddr, std::string(6, '\xff')), "ff:ff:ff:ff:ff:ff");
}

} // namespace
} // namespace lifeboat
