#include "core/copytext/jsonb.h"

#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/copytext/contained.h"
#include "core/copytext/digits.h"
#include "core/copytext/json_string.h"
#include "core/copytext/numeric.h"

namespace lifeboat {
namespace {

// The header of an array or object: how many elements or pairs, and what it is.
constexpr uint32_t kCountMask = 0x0FFFFFFF;
constexpr uint32_t kIsScalar = 0x10000000;
constexpr uint32_t kIsObject = 0x20000000;
constexpr uint32_t kIsArray = 0x40000000;

// An entry: its length, or with the high bit where it ends in the data of its container.
constexpr uint32_t kLengthMask = 0x0FFFFFFF;
constexpr uint32_t kIsOffset = 0x80000000;
constexpr uint32_t kKindMask = 0x70000000;
enum Kind : uint32_t {
    kString = 0x00000000,
    kNumeric = 0x10000000,
    kFalse = 0x20000000,
    kTrue = 0x30000000,
    kNull = 0x40000000,
    kContainer = 0x50000000,
};

constexpr TypeFormat kNumericType{FormatNumeric, -1, 'i', ',', true, nullptr};

[[noreturn]] void Damaged(std::string what) {
    throw Error(Errc::Damaged, "a jsonb value is damaged", std::move(what));
}

// An array or object that is being written. Sizes and offsets are below 2^30, as a value's are.
struct Level {
    const char* entries = nullptr;
    const char* data = nullptr; // behind the entries
    uint32_t size = 0;          // of the data
    uint32_t count = 0;         // of elements or pairs
    uint32_t next = 0;
    uint32_t key_begin = 0;   // where in the data the next key begins
    uint32_t value_begin = 0; // and the next value or element
    bool is_object = false;
};

// False when `bytes` cannot be a container.
bool OpenContainer(std::string_view bytes, Level& level) {
    if (bytes.size() < 4) return false;
    const uint32_t header = Load<uint32_t>(bytes.data());
    level.is_object = (header & kIsObject) != 0;
    if (level.is_object == ((header & kIsArray) != 0)) return false;
    level.count = header & kCountMask;
    const size_t entries = level.is_object ? size_t{2} * level.count : level.count;
    if (entries > (bytes.size() - 4) / 4) return false;
    level.entries = bytes.data() + 4;
    level.data = level.entries + entries * 4;
    level.size = static_cast<uint32_t>(bytes.size() - 4 - entries * 4);
    level.next = 0;
    level.key_begin = 0;
    level.value_begin = 0;
    return true;
}

class JsonbWriter {
public:
    JsonbWriter(std::string_view value, TextOut& out, std::vector<Level>& outer)
        : end_(value.data() + value.size()), out_(out), outer_(outer) {}

    // False, with nothing written, when the outermost container is none.
    bool Write(std::string_view value) {
        if (!OpenContainer(value, level_)) return false;
        const uint32_t header = Load<uint32_t>(value.data());
        if ((header & kIsScalar) != 0) {
            if (level_.is_object || level_.count != 1) return false;
            WriteScalar();
            return true;
        }
        Begin();
        do {
            while (level_.next < level_.count) WriteNext();
        } while (End());
        return true;
    }

private:
    struct Node {
        uint32_t kind;
        std::string_view bytes;
        uint32_t begin;
    };

    // The node of entry `index`, which begins at `begin` in the data; moves that behind it.
    Node ReadNode(uint32_t index, uint32_t& begin) const {
        const uint32_t entry = Load<uint32_t>(level_.entries + size_t{4} * index);
        const uint32_t length = entry & kLengthMask;
        const uint32_t end = (entry & kIsOffset) != 0 ? length : begin + length;
        if (end < begin || end > level_.size) Damaged("An entry ends outside its container.");
        const Node node{entry & kKindMask, {level_.data + begin, end - begin}, begin};
        begin = end;
        return node;
    }

    void WriteScalar() {
        const Node node = ReadNode(0, level_.value_begin);
        if (node.kind == kContainer) Damaged("A scalar was expected, a container was found.");
        WriteNode(node);
    }

    void WriteNext() {
        const uint32_t index = level_.next++;
        if (index > 0) Put2(',', ' ');
        if (!level_.is_object) return WriteNode(ReadNode(index, level_.value_begin));
        const Node key = ReadNode(index, level_.key_begin);
        if (key.kind != kString) Damaged("The key of an object is not a string.");
        PutJsonString(key.bytes, end_, out_);
        Put2(':', ' ');
        WriteNode(ReadNode(level_.count + index, level_.value_begin));
    }

    void WriteNode(const Node& node) {
        switch (node.kind) {
        case kString: PutJsonString(node.bytes, end_, out_); break;
        case kNumeric: WriteNumeric(Aligned(node)); break;
        case kFalse: out_.PutPlain("false"); break;
        case kTrue: out_.PutPlain("true"); break;
        case kNull: out_.PutPlain("null"); break;
        case kContainer:
            outer_.push_back(level_);
            if (!OpenContainer(Aligned(node), level_)) Damaged("A container has a bad header.");
            Begin();
            break;
        default: Damaged("An entry is of unknown kind.");
        }
    }

    // Without the padding before numbers and containers.
    static std::string_view Aligned(const Node& node) {
        const size_t padding = AlignOffset(node.begin, 'i') - node.begin;
        if (padding > node.bytes.size()) Damaged("An entry is shorter than its padding.");
        return node.bytes.substr(padding);
    }

    void WriteNumeric(std::string_view bytes) {
        const auto number = ReadVarlena(bytes);
        if (!number ||
            !FormatNumeric(kNumericType, number->content.data(), number->content.size(), out_))
            Damaged("A number is not a numeric.");
    }

    void Begin() {
        if (level_.is_object) {
            level_.value_begin = KeysEnd();
            out_.Put('{');
        } else {
            out_.Put('[');
        }
    }

    // False when that was the outermost.
    bool End() {
        out_.Put(level_.is_object ? '}' : ']');
        if (outer_.empty()) return false;
        level_ = outer_.back();
        outer_.pop_back();
        return true;
    }

    // Values lie behind the keys. A length counts from the end before it.
    [[nodiscard]] uint32_t KeysEnd() const {
        uint64_t end = 0;
        for (size_t i = level_.count; i-- > 0;) {
            const uint32_t entry = Load<uint32_t>(level_.entries + 4 * i);
            end += entry & kLengthMask;
            if ((entry & kIsOffset) != 0) break;
        }
        if (end > level_.size) Damaged("The keys of an object end outside it.");
        return static_cast<uint32_t>(end);
    }

    void Put2(char first, char second) {
        char* at = out_.Reserve(2);
        *at++ = first;
        *at++ = second;
        out_.Advance(at);
    }

    const char* end_;
    TextOut& out_;
    Level level_;
    std::vector<Level>& outer_; // the containers around this one
};

// Kept from value to value: most documents nest, and no deeper than the last.
constexpr size_t kLevelsKept = 1024;
thread_local std::vector<Level> levels;

} // namespace

bool FormatJsonb(const TypeFormat& /*type*/, const char* value, size_t size, TextOut& out) {
    levels.clear();
    if (levels.capacity() > kLevelsKept) levels.shrink_to_fit();
    return JsonbWriter({value, size}, out, levels).Write({value, size});
}

} // namespace lifeboat
