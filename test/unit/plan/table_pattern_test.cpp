#include <gtest/gtest.h>

#include "core/plan/restore_plan.h"
#include "support/expect_error.h"

namespace lifeboat::test {
namespace {

struct Case {
    std::string pattern;
    std::string schema;
    std::string name;
    bool matches;
};

TEST(TablePattern, ReadsAsPsqlDoes) {
    const Case cases[] = {
        {"orders", "public", "orders", true},
        {"orders", "other", "orders", true}, // any schema
        {"orders", "public", "orders2", false},
        {"orders", "public", "order", false},
        {"ORDERS", "public", "orders", true}, // folded
        {"ORDERS", "public", "ORDERS", false},
        {"\"Orders\"", "public", "Orders", true},
        {"\"Orders\"", "public", "orders", false},
        {"public.orders", "public", "orders", true},
        {"public.orders", "other", "orders", false},
        {"Public.\"Orders\"", "public", "Orders", true},
        {"public.*", "public", "anything", true},
        {"public.*", "publics", "anything", false},
        {"*.*", "a", "b", true},
        {"*", "a", "", true},
        {"pub*.ord?rs", "public", "orders", true},
        {"ord?rs", "public", "ordrs", false},
        {"ord*rs", "public", "ordrs", true},
        {"*e*d*", "public", "orders", false},
        {"*d*r*", "public", "orders", true},
        {"a*b*c", "s", "axxbyybzzc", true},
        {"a*b*c", "s", "axxbyybzzcd", false},
        {"?", "s", "\xc3\xa4", true}, // a character, not a byte
        {"??", "s", "\xc3\xa4", false},
        {"?b", "s",
         "\xe4"
         "b",
         true},                      // LATIN1
        {"\"a*\"", "s", "a*", true}, // quoted: literal
        {"\"a*\"", "s", "abc", false},
        {"\"a?\"", "s", "ab", false},
        {"\"a.b\"", "s", "a.b", true},
        {"\"a.b\"", "a", "b", false},
        {"\"a\"\"b\"", "s", "a\"b", true},
        {"a\"B\"c", "s", "aBc", true}, // quotes may begin anywhere
        {"\"[x]\"", "s", "[x]", true},
        {"a$b", "s", "a$b", true},
        {"with space", "s", "with space", true},
        {"\"*\"*", "s", "*abc", true},
        {"\"*\"*", "s", "abc", false},
    };
    for (const auto& one : cases) {
        EXPECT_EQ(TablePattern::Parse(one.pattern).Matches(one.schema, one.name), one.matches)
            << one.pattern << " on " << one.schema << "." << one.name;
    }
}

struct Refused {
    std::string pattern;
    std::string detail;
    std::string hint;
};

TEST(TablePattern, RefusesWithWords) {
    const std::string example = "Write schema.table, for example \"public.*\".";
    const Refused cases[] = {
        {"", "A name is empty.", example},
        {".orders", "A name is empty.", example},
        {"public.", "A name is empty.", example},
        {"\"\"", "A name is empty.", example},
        {"db.public.orders", "It has too many dotted names.",
         "Write schema.table; quote a name that contains a dot."},
        {"\"orders", "A double quote is not closed.", "A quote within a name is written twice."},
        {"t[0-9]", "Only \"*\" and \"?\" are special, and \"[\" stands outside quotes.",
         "Put a name with such characters in double quotes."},
        {"a|b", "Only \"*\" and \"?\" are special, and \"|\" stands outside quotes.",
         "Put a name with such characters in double quotes."},
        {"a+", "Only \"*\" and \"?\" are special, and \"+\" stands outside quotes.",
         "Put a name with such characters in double quotes."},
    };
    for (const auto& refused : cases) {
        const Thrown thrown = Catch([&] { TablePattern::Parse(refused.pattern); });
        EXPECT_EQ(thrown.code, Errc::InvalidValue) << refused.pattern;
        EXPECT_EQ(thrown.message, "invalid table pattern \"" + refused.pattern + "\"");
        EXPECT_EQ(thrown.detail, refused.detail);
        EXPECT_EQ(thrown.hint, refused.hint);
    }
}

TEST(TablePattern, ManyStarsTakeNoTime) {
    std::string stars;
    for (int i = 0; i < 30; ++i) stars += "*a";
    EXPECT_FALSE(TablePattern::Parse(stars + "b").Matches("s", std::string(60'000, 'a')));
}

} // namespace
} // namespace lifeboat::test
