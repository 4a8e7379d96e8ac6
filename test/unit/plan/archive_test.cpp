#include "core/plan/archive.h"

#include <gtest/gtest.h>

#include "support/expect_error.h"

namespace lifeboat {
namespace {

// Writes the head of an archive as pg_dump does, for one version of the format.
class ArchiveWriter {
public:
    explicit ArchiveWriter(int minor) : minor_(minor) {}

    std::string Write(const std::vector<ArchiveEntry>& entries) {
        text_ = "PGDMP";
        for (const int byte : {1, minor_, 0, 4, 8, 1}) Byte(byte);
        if (minor_ >= 15) {
            Byte(0);
        } else {
            Int(0);
        }
        for (int i = 0; i < 7; ++i) Int(i);
        Text("app");
        Text("15.20");
        Text("15.20");
        Int(static_cast<int>(entries.size()));
        for (const auto& entry : entries) Entry(entry);
        return text_;
    }

private:
    void Entry(const ArchiveEntry& entry) {
        Int(entry.dump_id);
        Int(0);
        Text("1259");
        Text("16390");
        Text(entry.tag);
        Text(entry.description);
        Int(2);
        Text("CREATE …");
        Text("DROP …");
        Int(-1); // no COPY: a null text
        Text(entry.schema);
        Text("");
        if (minor_ >= 14) Text("heap");
        if (minor_ >= 16) Int('r');
        Text("app");
        Text("false");
        for (const int dependency : entry.dependencies) Text(std::to_string(dependency));
        Int(-1);
        Byte(3);
        text_.append(8, '\0');
    }
    void Byte(int value) { text_.push_back(static_cast<char>(value)); }
    void Int(int value) {
        Byte(value < 0 ? 1 : 0);
        auto rest = static_cast<unsigned>(value < 0 ? -value : value);
        for (int i = 0; i < 4; ++i, rest >>= 8) Byte(static_cast<int>(rest & 0xFF));
    }
    void Text(const std::string& text) {
        Int(static_cast<int>(text.size()));
        text_ += text;
    }

    int minor_;
    std::string text_;
};

// A shop: orders refer to customers, measurements are partitioned, a function takes a customer's
// row.
const std::vector<ArchiveEntry> kShop = {
    {1, "SCHEMA", "", "shop", {}},
    {2, "TYPE", "shop", "mood", {1}},
    {10, "TABLE", "shop", "customers", {1, 2}},
    {11, "SEQUENCE", "shop", "customers_id_seq", {1, 10}},
    {12, "SEQUENCE OWNED BY", "shop", "customers_id_seq", {10, 11}},
    {13, "FUNCTION", "shop", "greet(shop.customers)", {1, 10}},
    {20, "TABLE", "shop", "orders", {1}},
    {21, "FUNCTION", "shop", "stamp()", {1}},
    {30, "TABLE", "shop", "measures", {1}},
    {31, "TABLE", "shop", "measures_2025", {1}},
    {32, "TABLE ATTACH", "shop", "measures_2025", {30, 31}},
    {40, "VIEW", "shop", "overview", {10, 20}},
    {50, "DEFAULT", "shop", "customers id", {10, 11}},
    {60, "CONSTRAINT", "shop", "customers customers_pkey", {10}},
    {61, "INDEX", "shop", "orders_at", {20}},
    {62, "FK CONSTRAINT", "shop", "orders orders_customer_fkey", {10, 20, 60}},
    {63, "TRIGGER", "shop", "orders stamp", {20, 21}},
    {64, "POLICY", "shop", "orders mine", {20, 10}},
    {65, "COMMENT", "shop", "TABLE orders", {20}},
    {66, "ACL", "shop", "TABLE customers", {10}},
    {67, "INDEX", "shop", "measures_2025_at", {31}},
};

TEST(ArchiveToc, EveryKnownVersionIsRead) {
    for (const int minor : {12, 13, 14, 15, 16}) {
        const std::string archive = ArchiveWriter(minor).Write(kShop);
        const auto entries = ParseArchiveToc(AsBytes(archive));
        ASSERT_EQ(entries.size(), kShop.size()) << minor;
        for (size_t i = 0; i < entries.size(); ++i) {
            EXPECT_EQ(entries[i].dump_id, kShop[i].dump_id);
            EXPECT_EQ(entries[i].description, kShop[i].description);
            EXPECT_EQ(entries[i].schema, kShop[i].schema);
            EXPECT_EQ(entries[i].tag, kShop[i].tag);
            EXPECT_EQ(entries[i].dependencies, kShop[i].dependencies);
        }
    }
}

TEST(ArchiveToc, RefusesWhatItDoesNotKnow) {
    EXPECT_EQ(test::Catch([] { ParseArchiveToc(AsBytes("PGDMX")); }).message,
              "the schema archive is not one of pg_dump's custom format");
    const auto newer =
        test::Catch([] { ParseArchiveToc(AsBytes(ArchiveWriter(17).Write(kShop))); });
    EXPECT_EQ(newer.code, Errc::Unsupported);
    EXPECT_EQ(newer.message,
              "the schema archive has format 1.17, of which tables cannot be chosen");
}

TEST(ArchiveToc, EveryCutIsDamage) {
    const std::string archive = ArchiveWriter(14).Write(kShop);
    for (size_t length = 0; length < archive.size(); ++length) {
        EXPECT_EQ(test::Catch([&] { ParseArchiveToc(AsBytes(archive).first(length)); }).code,
                  Errc::Damaged)
            << length;
    }
}

TEST(ArchiveChoice, ATableBringsWhatBelongsToItAndWhatItNeeds) {
    const auto choice = ChooseFromArchive(kShop, {{"shop", "customers"}});
    EXPECT_EQ(choice.dump_ids, (std::set<int>{1, 2, 10, 11, 12, 50, 60, 66}));
    EXPECT_EQ(choice.sequences, (std::set<QualifiedName>{{"shop", "customers_id_seq"}}));
    EXPECT_TRUE(choice.empty.empty());
    EXPECT_EQ(ArchiveList(kShop, choice), "1;\n2;\n10;\n11;\n12;\n50;\n60;\n66;\n");
}

TEST(ArchiveChoice, ForeignKeysToTablesThatStayBehindStayBehind) {
    const auto choice = ChooseFromArchive(kShop, {{"shop", "orders"}});
    EXPECT_TRUE(choice.dump_ids.contains(61));  // index
    EXPECT_TRUE(choice.dump_ids.contains(63));  // trigger, and with it
    EXPECT_TRUE(choice.dump_ids.contains(21));  // its function
    EXPECT_FALSE(choice.dump_ids.contains(62)); // foreign key
    EXPECT_FALSE(choice.dump_ids.contains(40)); // view
    const auto both = ChooseFromArchive(kShop, {{"shop", "orders"}, {"shop", "customers"}});
    EXPECT_TRUE(both.dump_ids.contains(62));
}

TEST(ArchiveChoice, APartitionedTableBringsItsPartitions) {
    const auto choice = ChooseFromArchive(kShop, {{"shop", "measures"}});
    EXPECT_EQ(choice.tables,
              (std::set<QualifiedName>{{"shop", "measures"}, {"shop", "measures_2025"}}));
    EXPECT_TRUE(choice.dump_ids.contains(32));
    EXPECT_TRUE(choice.dump_ids.contains(67));
    const auto alone = ChooseFromArchive(kShop, {{"shop", "measures_2025"}});
    EXPECT_EQ(alone.dump_ids, (std::set<int>{1, 31, 67}));
}

TEST(ArchiveChoice, TablesThatOthersNeedComeEmpty) {
    auto entries = kShop;
    entries.push_back({70, "TABLE", "shop", "history", {1, 10}}); // a column of the row type
    const auto choice = ChooseFromArchive(entries, {{"shop", "history"}});
    EXPECT_EQ(choice.empty, (std::vector<QualifiedName>{{"shop", "customers"}}));
}

TEST(ArchiveChoice, PatternsChooseWhatArchiveAndRowsKnowAndTellWhatTheyMissed) {
    TocEntry rows;
    rows.kind = ObjectKind::kData;
    rows.detail.schema = "shop";
    rows.detail.name = "of_an_extension";
    TocEntry config = rows;
    config.kind = ObjectKind::kConfig;
    config.detail.name = "settings";
    const auto choice = ChooseTables(kShop, {rows, config},
                                     {"shop.orders", "of_*", "settings", "overview", "measures"});
    EXPECT_EQ(choice.tables, (std::set<QualifiedName>{{"shop", "measures"},
                                                      {"shop", "measures_2025"},
                                                      {"shop", "of_an_extension"},
                                                      {"shop", "orders"}}));
    EXPECT_EQ(choice.unmatched, (std::vector<std::string>{"settings", "overview"}));
    EXPECT_TRUE(ChooseTables(kShop, {}, {"shop.*"}).unmatched.empty());
}

} // namespace
} // namespace lifeboat
