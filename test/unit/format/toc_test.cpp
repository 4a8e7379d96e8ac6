#include "core/format/toc.h"

#include <gtest/gtest.h>

#include "support/expect_error.h"

namespace lifeboat {
namespace {

using test::Catch;

const std::string kObject = "objects/ab/ab00000000000000000000000000000f";

TocEntry Data() {
    TocEntry entry;
    entry.object = kObject;
    entry.statement = "COPY public.orders (id, note) FROM stdin";
    entry.detail.relation = 16390;
    entry.detail.schema = "public";
    entry.detail.name = "orders";
    entry.detail.rows = 12;
    return entry;
}

TEST(Toc, LineIsTheSpecifications) {
    EXPECT_EQ(FormatTocLine(Data()), kObject +
                                         "\tdata\tCOPY public.orders (id, note) FROM stdin\t"
                                         "{\"relation\":16390,\"schema\":\"public\",\"name\":"
                                         "\"orders\",\"relkind\":\"r\",\"part\":1,"
                                         "\"parts\":1,\"rows\":\"12\"}\n");
    TocEntry schema;
    schema.object = kObject;
    schema.kind = ObjectKind::kSchema;
    schema.detail.roles = {"a", "b"};
    EXPECT_EQ(
        FormatTocLine(schema),
        kObject + "\tschema\t-\t{\"part\":1,\"parts\":1,\"rows\":\"0\",\"roles\":[\"a\",\"b\"]}\n");
}

TEST(Toc, RoundTripWithEveryOddName) {
    TocEntry entry = Data();
    entry.kind = ObjectKind::kConfig;
    entry.detail.schema = "tab\t \"quote\" \\ back";
    entry.detail.name = "caf\xE9\nnewline\x01"; // not UTF-8
    entry.detail.root_schema = "r\xC3\xA9";
    entry.detail.root_name = "root";
    entry.detail.condition = "WHERE id > 10 AND name <> E'\\t'";
    entry.detail.relkind = 'p';
    entry.detail.part = 2;
    entry.detail.parts = 3;
    entry.detail.rows = UINT64_MAX;
    entry.detail.roles = {"plain", "caf\xE9"};
    entry.detail.tablespaces = {"fast"};
    entry.statement =
        MakeCopyStatement({entry.detail.root_schema, entry.detail.root_name, {"a\tb", "c\\d\r"}});
    const std::string line = FormatTocLine(entry);
    EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
    EXPECT_EQ(std::count(line.begin(), line.end(), '\t'), 3);
    const auto parsed = ParseToc(line + FormatTocLine(Data()));
    ASSERT_EQ(parsed.size(), 2U);
    EXPECT_EQ(parsed[0], entry);
    EXPECT_EQ(parsed[1], Data());
    EXPECT_TRUE(ParseToc("").empty());
}

struct BadLine {
    std::string line;
    std::string detail;
};

TEST(Toc, RefusesBadLines) {
    const std::string detail = "{\"part\":1,\"parts\":1,\"rows\":\"0\"}";
    const std::vector<BadLine> bad = {
        {kObject + "\tsequences\t-\t" + detail, "It has no end."},
        {kObject + "\tsequences\t-\n", "It has fewer than 4 fields."},
        {kObject + "\tsequences\t-\t" + detail + "\tmore\n", "It has more than 4 fields."},
        {kObject + "\\q\tsequences\t-\t" + detail + "\n",
         "A field has an escape that is not known."},
        {"../x\tsequences\t-\t" + detail + "\n", "Its first field is not the name of an object."},
        {kObject + "\tsequences\t\t" + detail + "\n", "Its statement is empty."},
        {kObject + "\tsequences\tDROP TABLE t\t" + detail + "\n",
         "An object of kind sequences has no statement."},
        {kObject + "\tdata\t-\t" + detail + "\n",
         "At byte 1 of its statement, \"COPY \" was expected: ."},
        {kObject + "\tdata\tCOPY a.b FROM PROGRAM 'id'\t" + detail + "\n",
         "At byte 10 of its statement, \"FROM stdin\" was expected: COPY a.b FROM PROGRAM 'id'."},
        {kObject + "\tsequences\t-\t[]\n", "It is not a JSON object."},
        {kObject + "\tsequences\t-\t{}\n", "part is missing."},
        {kObject + "\tsequences\t-\t{\"part\":2,\"parts\":1,\"rows\":\"0\"}\n",
         "part is not one of its parts."},
        {kObject + "\tsequences\t-\t{\"part\":1,\"parts\":1,\"rows\":0}\n",
         "rows is not a string."},
    };
    for (const BadLine& line : bad) {
        const auto thrown = Catch([&] { ParseToc(FormatTocLine(Data()) + line.line); });
        EXPECT_EQ(thrown.code, Errc::Damaged) << line.line;
        EXPECT_EQ(thrown.message, "toc line 2 is damaged") << line.line;
        EXPECT_EQ(thrown.detail, line.detail);
    }
}

TEST(Toc, UnknownKindIsNotSupported) {
    for (const char* kind : {"subscriptions", "toc"}) {
        const auto thrown = Catch([&] { ParseToc(kObject + "\t" + kind + "\t-\t{}\n"); });
        EXPECT_EQ(thrown.code, Errc::Unsupported);
        EXPECT_EQ(thrown.message,
                  "the kind \"" + std::string(kind) + "\" in toc line 1 is not known");
        EXPECT_EQ(thrown.hint, "Use a newer version of pg_lifeboat.");
    }
}

TEST(CopyStatement, AcceptsTheOneShape) {
    const auto bare = ParseCopyStatement("COPY public.orders (id, note$1) FROM stdin");
    EXPECT_EQ(bare.schema, "public");
    EXPECT_EQ(bare.table, "orders");
    EXPECT_EQ(bare.columns, (std::vector<std::string>{"id", "note$1"}));
    const auto quoted = ParseCopyStatement(
        "COPY \"S \"\"1\"\"\".\"a.b (\" (\"FROM stdin\", \"x\n\ty\") FROM stdin");
    EXPECT_EQ(quoted.schema, "S \"1\"");
    EXPECT_EQ(quoted.table, "a.b (");
    EXPECT_EQ(quoted.columns, (std::vector<std::string>{"FROM stdin", "x\n\ty"}));
    EXPECT_TRUE(ParseCopyStatement("COPY s.t FROM stdin").columns.empty());
    EXPECT_EQ(ParseCopyStatement("COPY caf\xE9.\xC3\xA9t (\"\xFF\") FROM stdin").table,
              "\xC3\xA9t");
}

TEST(CopyStatement, RefusesEverythingElse) {
    for (const char* statement : {"",
                                  "COPY",
                                  "copy a.b FROM stdin",
                                  "COPY a FROM stdin",
                                  "COPY a.b.c FROM stdin",
                                  "COPY a.b FROM STDIN",
                                  "COPY a.b FROM stdin;",
                                  "COPY a.b FROM stdin ",
                                  "COPY a.b  FROM stdin",
                                  "COPY  a.b FROM stdin",
                                  "COPY a.b TO stdout",
                                  "COPY a.b FROM PROGRAM 'id'",
                                  "COPY a.b FROM '/etc/passwd'",
                                  "COPY a.b () FROM stdin",
                                  "COPY a.b (c,d) FROM stdin",
                                  "COPY a.b (c ) FROM stdin",
                                  "COPY a.b (c, ) FROM stdin",
                                  "COPY a.b (c) FROM stdin WITH (FORMAT binary)",
                                  "COPY a.b FROM stdin -- x",
                                  "COPY /* x */ a.b FROM stdin",
                                  "COPY A.b FROM stdin",
                                  "COPY 1a.b FROM stdin",
                                  "COPY $a.b FROM stdin",
                                  "COPY \"\".b FROM stdin",
                                  "COPY \"a.b FROM stdin",
                                  "COPY \"a\"\".b FROM stdin",
                                  "COPY U&\"a\".b FROM stdin",
                                  "COPY (SELECT 1) FROM stdin",
                                  "COPY a.b (c) FROM stdin; DROP TABLE x"})
        EXPECT_EQ(Catch([&] { ParseCopyStatement(statement); }).code, Errc::Damaged) << statement;
    EXPECT_EQ(
        Catch([&] { ParseCopyStatement(std::string("COPY \"a\0b\".c FROM stdin", 23)); }).code,
        Errc::Damaged);
}

TEST(CopyStatement, SaysWhere) {
    const auto thrown = Catch([&] { ParseCopyStatement("COPY a.b FROM PROGRAM 'id'"); });
    EXPECT_EQ(thrown.message, "COPY statement is damaged");
    EXPECT_EQ(
        thrown.detail,
        "At byte 10 of its statement, \"FROM stdin\" was expected: COPY a.b FROM PROGRAM 'id'.");
}

TEST(CopyStatement, WhatIsMadeIsAccepted) {
    const CopyTarget target{
        "My \"own\"", "select", {"a", "B", "c d", "caf\xC3\xA9", "x$", "1", "\"\""}};
    const std::string statement = MakeCopyStatement(target);
    EXPECT_EQ(statement,
              "COPY \"My \"\"own\"\"\".\"select\" (a, \"B\", \"c d\", \"caf\xC3\xA9\", \"x$\", "
              "\"1\", \"\"\"\"\"\") "
              "FROM stdin");
    const CopyTarget parsed = ParseCopyStatement(statement);
    EXPECT_EQ(parsed.schema, target.schema);
    EXPECT_EQ(parsed.table, target.table);
    EXPECT_EQ(parsed.columns, target.columns);
    EXPECT_EQ(MakeCopyStatement({"s", "t", {}}), "COPY s.t FROM stdin");
}

TEST(QuoteIdentifier, QuotesWhatQuoteIdentWould) {
    for (const char* plain : {"orders", "_x", "a1_", "name", "zone", "value"})
        EXPECT_EQ(QuoteIdentifier(plain), plain);
    for (const char* odd : {"user", "table", "between", "A", "a b", "1a", "a$", "caf\xC3\xA9", ""})
        EXPECT_EQ(QuoteIdentifier(odd), "\"" + std::string(odd) + "\"");
    EXPECT_EQ(QuoteIdentifier("a\"b"), "\"a\"\"b\"");
}

} // namespace
} // namespace lifeboat
