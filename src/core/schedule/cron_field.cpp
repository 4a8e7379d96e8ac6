#include "core/schedule/cron_field.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/error.h"

namespace lifeboat {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool IsWord(char c) { return IsDigit(c) || (Lower(c) >= 'a' && Lower(c) <= 'z'); }

std::string Quoted(std::string_view text) { return "\"" + Printable(text) + "\""; }

std::string Lowered(std::string_view text) {
    std::string lowered(text);
    std::ranges::transform(lowered, lowered.begin(), Lower);
    return lowered;
}

class FieldParser {
public:
    FieldParser(const CronFieldKind& kind, std::string_view field, std::string_view expression)
        : kind_(kind), field_(field), expression_(expression) {}

    CronField Parse() {
        result_.star = field_.starts_with('*');
        while (true) {
            ParseItem();
            if (pos_ == field_.size()) return result_;
            ++pos_; // the comma
        }
    }

private:
    struct Number {
        int value;
        bool is_name;
    };

    void ParseItem();
    void ParseRange(int& first, int& last, bool& open_end);
    Number ParseNumber();
    int ParseStep(char base);
    std::optional<int> NameValue(std::string_view word) const;
    int Digits(std::string_view digits, std::string_view what, int low, int high,
               std::string_view hint);

    std::string_view TakeWord() {
        const size_t start = pos_;
        while (pos_ < field_.size() && IsWord(field_[pos_])) ++pos_;
        return field_.substr(start, pos_ - start);
    }
    // What stands from here to the next comma.
    std::string_view RestOfItem() const {
        return field_.substr(pos_, std::min(field_.find(',', pos_), field_.size()) - pos_);
    }
    bool Take(char c) {
        if (pos_ == field_.size() || field_[pos_] != c) return false;
        ++pos_;
        return true;
    }

    std::string Name() const { return std::string(kind_.name); }
    [[noreturn]] void Fail(std::string detail, std::string_view hint = kCronFieldsHint) const {
        RefuseCron(expression_, std::move(detail), hint);
    }
    [[noreturn]] void FailNoNumber() const;
    [[noreturn]] void FailWord(std::string_view word) const;
    [[noreturn]] void FailReversed(std::string_view item, int first, int last, int step) const;
    void ExpectItemEnd(size_t start) const;

    const CronFieldKind& kind_;
    std::string_view field_;
    std::string_view expression_;
    size_t pos_ = 0;
    CronField result_;
};

void FieldParser::ParseItem() {
    const size_t start = pos_;
    if (RestOfItem().empty())
        Fail(Name() + " field " + Quoted(field_) + " has an empty item in its list.");
    if (kind_.takes_last_day && Take('$')) {
        ExpectItemEnd(start);
        result_.last_day = true;
        return;
    }
    const char base = field_[pos_];
    int first = kind_.low;
    int last = kind_.high;
    bool open_end = false; // one number: it alone, or with a step from there to the end
    if (!Take('*')) ParseRange(first, last, open_end);
    int step = 1;
    if (Take('/')) {
        step = ParseStep(base);
    } else if (open_end) {
        last = first;
    }
    ExpectItemEnd(start);
    if (first > last) FailReversed(field_.substr(start, pos_ - start), first, last, step);
    for (int value = first; value <= last; value += step)
        result_.values.set(static_cast<size_t>(value));
}

void FieldParser::ParseRange(int& first, int& last, bool& open_end) {
    const size_t start = pos_;
    const Number from = ParseNumber();
    first = from.value;
    if (!Take('-')) {
        open_end = true;
        return;
    }
    if (pos_ == field_.size() || field_[pos_] == ',' || field_[pos_] == '/') {
        Fail(Name() + " range " + Quoted(field_.substr(start, pos_ - start)) + " has no end.");
    }
    const Number to = ParseNumber();
    last = to.value;
    // A week may end on Sunday (fri-sun), but sun-sun is one day.
    const bool sunday_ends =
        kind_.high == 7 && to.is_name && to.value == 0 && !(from.is_name && from.value == 0);
    if (sunday_ends) last = 7;
}

FieldParser::Number FieldParser::ParseNumber() {
    const std::string_view word = TakeWord();
    if (word.empty()) FailNoNumber();
    if (std::ranges::all_of(word, IsDigit)) {
        std::string_view hint = kCronFieldsHint;
        if (kind_.high == 59 && word == "60") hint = "The full hour is minute 0.";
        if (kind_.high == 23 && word == "24") hint = "Midnight is hour 0.";
        return {Digits(word, "", kind_.low, kind_.high, hint), false};
    }
    const auto value = NameValue(word);
    if (!value) FailWord(word);
    return {*value, true};
}

int FieldParser::ParseStep(char base) {
    const std::string_view word = TakeWord();
    const std::string_view rest = RestOfItem();
    if (word.empty() && rest.empty())
        Fail(Name() + " field " + Quoted(field_) + " has no step after \"/\".");
    if (word.empty() || !std::ranges::all_of(word, IsDigit)) {
        Fail(Name() + " step " + Quoted(word.empty() ? rest : word) + " is not a number.");
    }
    const std::string range = "1 to " + std::to_string(kind_.high);
    std::string hint = "Steps of this field go from " + range + ".";
    if (base == '*' && kind_.high == 59)
        hint += " For longer intervals use the hour field, for example \"0 */2 * * *\".";
    if (base == '*' && kind_.high == 23)
        hint += " For once a day name one hour, for example \"0 2 * * *\".";
    return Digits(word, "step ", 1, kind_.high, hint);
}

int FieldParser::Digits(std::string_view digits, std::string_view what, int low, int high,
                        std::string_view hint) {
    const size_t leading = std::min(digits.find_first_not_of('0'), digits.size() - 1);
    const std::string_view significant = digits.substr(leading);
    const int value = significant.size() > 4 ? high + 1 : std::stoi(std::string(significant));
    if (value < low || value > high) {
        Fail(Name() + " " + std::string(what) + Printable(digits, 40) + " is out of range " +
                 std::to_string(low) + " to " + std::to_string(high) + ".",
             hint);
    }
    return value;
}

std::optional<int> FieldParser::NameValue(std::string_view word) const {
    if (word.size() != 3) return std::nullopt;
    const std::string lowered = Lowered(word);
    for (size_t i = 0; i + 3 <= kind_.names.size(); i += 3) {
        if (kind_.names.substr(i, 3) == lowered) return kind_.low + static_cast<int>(i / 3);
    }
    return std::nullopt;
}

void FieldParser::FailNoNumber() const {
    const std::string_view rest = RestOfItem();
    const std::string detail = Name() + " field " + Quoted(field_) +
                               ": expected a number or \"*\", found " + Quoted(rest) + ".";
    if (rest.front() == '?') Fail(detail, "Write * instead of ?.");
    if (rest.front() == '$')
        Fail(detail,
             "$ (the last day of the month) stands in the day of month field, by itself or in a "
             "list.");
    Fail(detail);
}

void FieldParser::FailWord(std::string_view word) const {
    const std::string detail =
        Name() + " " + Quoted(word) +
        (kind_.names.empty() ? " is not a number."
                             : " is neither a number nor a three-letter name.");
    if (word.size() > 3 && NameValue(word.substr(0, 3))) {
        Fail(detail, "Names have three letters: write " + Lowered(word.substr(0, 3)) + ".");
    }
    if (kind_.takes_last_day && (word == "L" || word == "l" || word == "LW")) {
        Fail(detail, "Write $ for the last day of the month.");
    }
    Fail(detail);
}

// What was meant is a range over the end of the field: say how to write it.
void FieldParser::FailReversed(std::string_view item, int first, int last, int step) const {
    const int high = kind_.high == 7 ? 6 : kind_.high;
    std::string instead;
    auto add = [&instead](int from, int to) {
        if (!instead.empty()) instead += ',';
        instead += std::to_string(from);
        if (to > from) instead += '-' + std::to_string(to);
    };
    if (step == 1) {
        if (first <= high) add(first, high);
        add(kind_.low, last);
    } else {
        const int span = high - kind_.low + 1;
        for (int value = first; value <= last + span; value += step) {
            const int folded = value > high ? value - span : value;
            add(folded, folded);
        }
    }
    Fail(Name() + " range " + Quoted(item) + " runs backwards.", "Write " + instead + " instead.");
}

void FieldParser::ExpectItemEnd(size_t start) const {
    const std::string_view rest = RestOfItem();
    if (rest.empty()) return;
    Fail(Name() + " field " + Quoted(field_) + ": unexpected " + Quoted(rest) + " after " +
         Quoted(field_.substr(start, pos_ - start)) + ".");
}

} // namespace

CronField ParseCronField(const CronFieldKind& kind, std::string_view field,
                         std::string_view expression) {
    return FieldParser(kind, field, expression).Parse();
}

void RefuseCron(std::string_view expression, std::string detail, std::string_view hint) {
    throw Error(Errc::InvalidValue, "invalid cron expression " + Quoted(expression),
                std::move(detail), std::string(hint));
}

} // namespace lifeboat
