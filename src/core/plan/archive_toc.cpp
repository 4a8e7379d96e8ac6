// Reads the head of pg_dump's custom format. The layout is that of WriteHead, WriteToc and WriteInt
// in pg_backup_archiver.c; the version bytes say which fields are there.
#include <charconv>
#include <optional>

#include "core/base/error.h"
#include "core/plan/archive.h"

namespace lifeboat {
namespace {

constexpr int kMinVersion = 0x010C; // 1.12
constexpr int kMaxVersion = 0x0110; // 1.16
constexpr int kWithTableAccessMethod = 0x010E;
constexpr int kWithCompressionAlgorithm = 0x010F;
constexpr int kWithRelationKind = 0x0110;
constexpr int kCustomFormat = 1;
constexpr int kMaxEntries = 100'000'000;

class ArchiveReader {
public:
    explicit ArchiveReader(std::string_view text) : rest_(text) {}

    std::vector<ArchiveEntry> Read() {
        ReadHead();
        const int count = ReadInt();
        if (count < 0 || count > kMaxEntries) Fail();
        std::vector<ArchiveEntry> entries;
        for (int i = 0; i < count; ++i) entries.push_back(ReadEntry());
        return entries;
    }

private:
    [[noreturn]] static void Fail() {
        throw Error(Errc::Damaged, "the schema archive's table of contents is damaged");
    }

    std::string_view Take(size_t length) {
        if (length > rest_.size()) Fail();
        const std::string_view taken = rest_.substr(0, length);
        rest_.remove_prefix(length);
        return taken;
    }
    int ReadByte() { return static_cast<unsigned char>(Take(1).front()); }

    int ReadInt() {
        const bool negative = ReadByte() != 0;
        uint64_t value = 0;
        for (size_t i = 0; i < int_size_; ++i)
            value |= static_cast<uint64_t>(ReadByte()) << (8 * i);
        if (value > INT32_MAX) Fail();
        return negative ? -static_cast<int>(value) : static_cast<int>(value);
    }
    std::optional<std::string> ReadText() {
        const int length = ReadInt();
        if (length < 0) return std::nullopt;
        return std::string(Take(static_cast<size_t>(length)));
    }
    std::string ReadName() { return ReadText().value_or(std::string()); }

    void ReadHead() {
        if (rest_.substr(0, 5) != "PGDMP") {
            throw Error(Errc::Damaged, "the schema archive is not one of pg_dump's custom format");
        }
        Take(5);
        version_ = ReadByte() << 8;
        version_ |= ReadByte();
        ReadByte(); // revision
        if (version_ < kMinVersion || version_ > kMaxVersion) {
            throw Error(Errc::Unsupported,
                        "the schema archive has format " + std::to_string(version_ >> 8) + "." +
                            std::to_string(version_ & 0xFF) + ", of which tables cannot be chosen",
                        "Known are 1.12 to 1.16.",
                        "Restore the whole backup, or use a newer lifeboat.");
        }
        int_size_ = static_cast<size_t>(ReadByte());
        offset_size_ = static_cast<size_t>(ReadByte());
        if (int_size_ < 4 || int_size_ > 8 || offset_size_ > 8) Fail();
        if (ReadByte() != kCustomFormat) Fail();
        if (version_ >= kWithCompressionAlgorithm) {
            ReadByte();
        } else {
            ReadInt();
        }
        for (int i = 0; i < 7; ++i) ReadInt();  // when it was made
        for (int i = 0; i < 3; ++i) ReadText(); // database, server version, pg_dump version
    }

    ArchiveEntry ReadEntry() {
        ArchiveEntry entry;
        entry.dump_id = ReadInt();
        ReadInt();  // has data
        ReadText(); // table oid
        ReadText(); // oid
        entry.tag = ReadName();
        entry.description = ReadName();
        ReadInt();                              // section
        for (int i = 0; i < 3; ++i) ReadText(); // definition, drop, copy
        entry.schema = ReadName();
        ReadText(); // tablespace
        if (version_ >= kWithTableAccessMethod) ReadText();
        if (version_ >= kWithRelationKind) ReadInt();
        ReadText(); // owner
        ReadText(); // with oids
        while (const auto text = ReadText()) entry.dependencies.push_back(Number(*text));
        ReadByte();
        Take(offset_size_);
        return entry;
    }

    static int Number(const std::string& text) {
        int number = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error != std::errc() || end != text.data() + text.size()) Fail();
        return number;
    }

    std::string_view rest_;
    int version_ = 0;
    size_t int_size_ = 4;
    size_t offset_size_ = 8;
};

} // namespace

std::vector<ArchiveEntry> ParseArchiveToc(Bytes archive) {
    return ArchiveReader(AsText(archive)).Read();
}

} // namespace lifeboat
