#include "core/copytext/numeric.h"

#include <algorithm>

#include "core/copytext/digits.h"

namespace lifeboat {
namespace {

// The header: the form in the upper two bits; then either the rest of a short form, or the scale of
// a long one, whose weight is a word of its own.
constexpr uint16_t kFormMask = 0xC000;
constexpr uint16_t kShortForm = 0x8000;
constexpr uint16_t kSpecialForm = 0xC000;
constexpr uint16_t kLongNegative = 0x4000;
constexpr uint16_t kLongScaleMask = 0x3FFF;
constexpr uint16_t kShortNegative = 0x2000;
constexpr uint16_t kShortScaleMask = 0x1F80;
constexpr int kShortScaleShift = 7;
constexpr uint16_t kShortWeightSign = 0x0040;
constexpr uint16_t kShortWeightMask = 0x003F;
// The special form's values, in its upper four bits.
constexpr uint16_t kSpecialMask = 0xF000;
constexpr uint16_t kNan = 0xC000;
constexpr uint16_t kInfinity = 0xD000;
constexpr uint16_t kNegativeInfinity = 0xF000;

constexpr int kGroupDigits = 4;
constexpr uint16_t kMaxGroup = 9999;
// Groups that are written into one reservation.
constexpr int kPiece = 2048;

struct Number {
    const char* groups; // of four digits, as uint16_t
    int count;
    int weight; // the first group's power of 10,000
    int scale;  // digits after the point
    bool negative;
};

bool FormatSpecial(uint16_t header, TextOut& out) {
    switch (header & kSpecialMask) {
    case kNan: out.PutPlain("NaN"); return true;
    case kInfinity: out.PutPlain("Infinity"); return true;
    case kNegativeInfinity: out.PutPlain("-Infinity"); return true;
    default: return false;
    }
}

Number Parse(uint16_t header, const char* value, size_t size) noexcept {
    Number number{};
    size_t header_size = sizeof(header);
    if ((header & kFormMask) == kShortForm) {
        number.negative = (header & kShortNegative) != 0;
        number.scale = (header & kShortScaleMask) >> kShortScaleShift;
        number.weight = header & kShortWeightMask;
        if ((header & kShortWeightSign) != 0) number.weight -= kShortWeightMask + 1;
    } else {
        number.negative = (header & kFormMask) == kLongNegative;
        number.scale = header & kLongScaleMask;
        number.weight = Load<int16_t>(value + header_size);
        header_size += sizeof(int16_t);
    }
    number.groups = value + header_size;
    number.count = static_cast<int>((size - header_size) / sizeof(uint16_t));
    return number;
}

uint16_t GroupAt(const Number& number, int at) noexcept {
    if (at < 0 || at >= number.count) return 0;
    return Load<uint16_t>(number.groups + static_cast<size_t>(at) * sizeof(uint16_t));
}

bool IsSound(const Number& number) noexcept {
    bool sound = true;
    for (int at = 0; at < number.count; ++at) sound &= GroupAt(number, at) <= kMaxGroup;
    return sound;
}

// Text of a number that one reservation has room for.
class SmallNumber {
public:
    static bool Fits(const Number& number) noexcept {
        constexpr int kMaxDigits = 512;
        return std::max(number.weight + 1, 0) * kGroupDigits + number.scale <= kMaxDigits;
    }
    static constexpr size_t kRoom = 512 + 16;

    explicit SmallNumber(const Number& number, char* out) noexcept : number_(number), out_(out) {
        *out_ = '-';
        out_ += number.negative ? 1 : 0;
        out_ = WriteUpToFourDigits(Group(number.weight < 0 ? -1 : 0), out_);
        for (int at = 1; at <= number.weight; ++at) out_ = WriteFourDigits(Group(at), out_);
        if (number.scale > 0) WriteFraction();
    }
    // nullptr: a group is none.
    [[nodiscard]] char* end() const noexcept { return sound_ ? out_ : nullptr; }

private:
    void WriteFraction() noexcept {
        *out_++ = '.';
        char* const end = out_ + number_.scale;
        for (int at = number_.weight + 1; out_ < end; ++at) out_ = WriteFourDigits(Group(at), out_);
        out_ = end;
    }
    uint32_t Group(int at) noexcept {
        const uint16_t group = GroupAt(number_, at);
        sound_ &= group <= kMaxGroup;
        return group;
    }

    const Number& number_;
    char* out_;
    bool sound_ = true;
};

// The groups [from, to) in full.
void PutGroups(const Number& number, int from, int to, TextOut& out) {
    while (from < to) {
        const int piece_end = std::min(to, from + kPiece);
        char* at = out.Reserve(kPiece * kGroupDigits);
        for (; from < piece_end; ++from) at = WriteFourDigits(GroupAt(number, from), at);
        out.Advance(at);
    }
}

void PutWhole(const Number& number, TextOut& out) {
    char* const to = out.Reserve(kIntegerRoom);
    *to = '-';
    out.Advance(WriteUpToFourDigits(GroupAt(number, number.weight < 0 ? -1 : 0),
                                    to + (number.negative ? 1 : 0)));
    PutGroups(number, 1, number.weight + 1, out);
}

void PutFraction(const Number& number, TextOut& out) {
    if (number.scale == 0) return;
    out.Put('.');
    const int from = number.weight + 1;
    const int to = from + number.scale / kGroupDigits;
    PutGroups(number, from, to, out);
    char* const at = out.Reserve(kGroupDigits);
    WriteFourDigits(GroupAt(number, to), at);
    out.Advance(at + number.scale % kGroupDigits);
}

} // namespace

bool FormatNumeric(const TypeFormat&, const char* value, size_t size, TextOut& out) {
    if (size < sizeof(uint16_t)) return false;
    const auto header = Load<uint16_t>(value);
    if ((header & kFormMask) == kSpecialForm) return FormatSpecial(header, out);
    const bool is_short = (header & kFormMask) == kShortForm;
    if (!is_short && size < sizeof(uint16_t) + sizeof(int16_t)) return false;
    const Number number = Parse(header, value, size);
    if (SmallNumber::Fits(number)) {
        char* const end = SmallNumber(number, out.Reserve(SmallNumber::kRoom)).end();
        if (end != nullptr) out.Advance(end);
        return end != nullptr;
    }
    if (!IsSound(number)) return false;
    PutWhole(number, out);
    PutFraction(number, out);
    return true;
}

} // namespace lifeboat
