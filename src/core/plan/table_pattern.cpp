#include <vector>

#include "core/base/bytes.h"
#include "core/base/error.h"
#include "core/plan/restore_plan.h"

namespace lifeboat {
namespace {

constexpr char kLiteral = 1;
constexpr char kWild = 0;
constexpr std::string_view kRegexCharacters = "[](){}|+^\\";

struct Part {
    std::string glob;
    std::string literal; // parallel to glob
    void Add(char c, char kind) {
        glob += c;
        literal += kind;
    }
};

[[noreturn]] void Refuse(std::string_view pattern, std::string detail, std::string hint) {
    throw Error(Errc::InvalidValue, "invalid table pattern \"" + Printable(pattern) + "\"",
                std::move(detail), std::move(hint));
}

char Fold(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

// Parts between the dots that are not quoted.
std::vector<Part> Split(std::string_view pattern) {
    std::vector<Part> parts(1);
    bool quoted = false;
    for (size_t i = 0; i < pattern.size(); ++i) {
        const char c = pattern[i];
        if (c == '"') {
            const bool doubled = quoted && i + 1 < pattern.size() && pattern[i + 1] == '"';
            if (doubled) {
                parts.back().Add('"', kLiteral);
                ++i;
            } else {
                quoted = !quoted;
            }
        } else if (quoted) {
            parts.back().Add(c, kLiteral);
        } else if (c == '.') {
            parts.emplace_back();
        } else if (c == '*' || c == '?') {
            parts.back().Add(c, kWild);
        } else if (kRegexCharacters.find(c) != std::string_view::npos) {
            Refuse(pattern,
                   std::string("Only \"*\" and \"?\" are special, and \"") + c +
                       "\" stands outside quotes.",
                   "Put a name with such characters in double quotes.");
        } else {
            parts.back().Add(Fold(c), kLiteral);
        }
    }
    if (quoted)
        Refuse(pattern, "A double quote is not closed.", "A quote within a name is written twice.");
    return parts;
}

// What "?" stands for: a whole character where the bytes are UTF-8, else a byte.
size_t CharacterLength(std::string_view text) noexcept {
    const auto lead = static_cast<unsigned char>(text.front());
    const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 1;
    if (length > text.size()) return 1;
    for (size_t i = 1; i < length; ++i) {
        if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) return 1;
    }
    return length;
}

// Goes back to the last "*" only, so that no pattern takes more than pattern × text steps.
bool GlobMatches(std::string_view glob, std::string_view literal, std::string_view text) {
    size_t at = 0;
    size_t star = std::string_view::npos;
    size_t star_text = 0;
    for (size_t i = 0; i < text.size();) {
        const bool wild = at < glob.size() && literal[at] == kWild;
        if (wild && glob[at] == '*') {
            star = at++;
            star_text = i;
        } else if (wild) {
            i += CharacterLength(text.substr(i));
            ++at;
        } else if (at < glob.size() && glob[at] == text[i]) {
            ++i;
            ++at;
        } else if (star != std::string_view::npos) {
            star_text += CharacterLength(text.substr(star_text));
            i = star_text;
            at = star + 1;
        } else {
            return false;
        }
    }
    while (at < glob.size() && literal[at] == kWild && glob[at] == '*') ++at;
    return at == glob.size();
}

} // namespace

TablePattern TablePattern::Parse(std::string_view pattern) {
    std::vector<Part> parts = Split(pattern);
    if (parts.size() > 2) {
        Refuse(pattern, "It has too many dotted names.",
               "Write schema.table; quote a name that contains a dot.");
    }
    for (const auto& part : parts) {
        if (part.glob.empty())
            Refuse(pattern, "A name is empty.", "Write schema.table, for example \"public.*\".");
    }
    TablePattern parsed;
    const Part any{"*", std::string(1, kWild)};
    const Part& schema = parts.size() == 2 ? parts.front() : any;
    parsed.schema_glob_ = schema.glob;
    parsed.schema_literal_ = schema.literal;
    parsed.name_glob_ = parts.back().glob;
    parsed.name_literal_ = parts.back().literal;
    return parsed;
}

bool TablePattern::Matches(std::string_view schema, std::string_view name) const {
    return GlobMatches(schema_glob_, schema_literal_, schema) &&
           GlobMatches(name_glob_, name_literal_, name);
}

TableMatcher::TableMatcher(const std::vector<std::string>& patterns)
    : texts_(patterns), matched_(patterns.size(), false) {
    for (const auto& text : texts_) patterns_.push_back(TablePattern::Parse(text));
}

bool TableMatcher::Matches(std::string_view schema, std::string_view name) {
    bool matches = false;
    for (size_t i = 0; i < patterns_.size(); ++i) {
        if (!patterns_[i].Matches(schema, name)) continue;
        matched_[i] = true;
        matches = true;
    }
    return matches;
}

std::vector<std::string> TableMatcher::Unmatched() const {
    std::vector<std::string> unmatched;
    for (size_t i = 0; i < texts_.size(); ++i) {
        if (!matched_[i]) unmatched.push_back(texts_[i]);
    }
    return unmatched;
}

} // namespace lifeboat
