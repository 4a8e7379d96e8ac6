#include "core/format/recipe.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include <random>

#include "core/format/names.h"
#include "core/store/memory_store.h"
#include "support/expect_error.h"

namespace lifeboat {
namespace {

using test::Catch;

const std::string kStore(32, 'a');
const std::string kBackup = "app-20261120T021500Z-full-9f3c01aa";

class Recipe : public testing::TestWithParam<bool> {
protected:
    Recipe() {
        if (GetParam()) key_ = Key::Random();
        context_.origin_stores = {kStore};
        context_.interrupt = &interrupt_;
        if (key_) context_.keys = [this](const KeyId&) { return *key_; };
    }
    ObjectSpec Spec() const {
        ObjectSpec spec;
        spec.identity.store_id = kStore;
        spec.identity.backup_id = kBackup;
        spec.identity.relation = 16390;
        spec.identity.lsn = "0/1";
        spec.identity.snapshot = "1:2";
        spec.run_key = key_;
        spec.frame_bytes = 1000;
        return spec;
    }
    ObjectRecord Write(const std::string& rows) {
        return WriteObject(store_, Spec(), AsBytes(rows),
                           static_cast<uint64_t>(std::count(rows.begin(), rows.end(), '\n')));
    }
    std::string Read(const ObjectRecord& record) {
        StringSink sink;
        result_ = ReadObject(store_, record, context_, sink);
        return sink.Take();
    }
    std::string Problem(const ObjectRecord& record) {
        const auto thrown = Catch([&] { Read(record); });
        EXPECT_EQ(thrown.code, Errc::Damaged);
        EXPECT_EQ(thrown.message, "object " + record.name + " is damaged");
        return thrown.detail;
    }
    // Puts bytes of our making where an object was, with a record that fits them outside.
    ObjectRecord Forge(const Buffer& plain, uint64_t raw_bytes,
                       std::optional<BlockRange> blocks = {}) {
        ObjectRecord record;
        record.name = MakeObjectName(key_.has_value());
        {
            const auto object = store_.Create(record.name);
            HashTap hash(*object);
            std::optional<CmsEncryptor> cms;
            if (key_) cms.emplace(hash, *key_);
            Sink& first = cms ? static_cast<Sink&>(*cms) : hash;
            first.Write(IdentityFrameFor(record.name, blocks));
            first.Write(plain);
            first.Finish();
            record.stored_bytes = hash.bytes();
            record.sha256 = hash.Digest();
        }
        record.raw_bytes = raw_bytes;
        record.rows = raw_bytes / 2;
        record.origin = kBackup;
        if (key_) record.key_id = key_->Id();
        record.relation = 16390;
        record.blocks = blocks;
        return record;
    }
    Buffer IdentityFrameFor(const std::string& name, std::optional<BlockRange> blocks) const {
        Identity identity = Spec().identity;
        identity.object_id = ObjectIdOf(name);
        identity.blocks = blocks;
        return EncodeIdentityFrame(identity);
    }
    static Buffer Frame(const std::string& text) {
        Buffer frame(ZSTD_compressBound(text.size()));
        frame.resize(ZSTD_compress(frame.data(), frame.size(), text.data(), text.size(), 1));
        return frame;
    }
    static Buffer Skippable(uint32_t magic, const std::string& payload) {
        Buffer frame;
        AppendLe32(frame, magic);
        AppendLe32(frame, static_cast<uint32_t>(payload.size()));
        const Bytes bytes = AsBytes(payload);
        frame.insert(frame.end(), bytes.begin(), bytes.end());
        return frame;
    }
    static Buffer Joined(std::initializer_list<Buffer> parts) {
        Buffer all;
        for (const Buffer& part : parts) all.insert(all.end(), part.begin(), part.end());
        return all;
    }

    MemoryStore store_;
    std::optional<Key> key_;
    NeverInterrupted interrupt_;
    ReadContext context_;
    ReadResult result_;
};
INSTANTIATE_TEST_SUITE_P(, Recipe, testing::Bool(),
                         [](const auto& info) { return info.param ? "Encrypted" : "Clear"; });

TEST_P(Recipe, RoundTrip) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    for (const size_t size : {0U, 1U, 100U, 70000U, 3000000U}) {
        std::string rows(size, 'x');
        for (char& c : rows) c = static_cast<char>('a' + random() % 26);
        if (size > 0) rows.back() = '\n';
        const ObjectRecord record = Write(rows);
        EXPECT_EQ(Read(record), rows);
        EXPECT_EQ(result_.raw_bytes, size);
        EXPECT_EQ(record.name.ends_with(".zst"), !key_);
        EXPECT_EQ(store_.Stat(record.name).size, record.stored_bytes);
        EXPECT_FALSE(result_.index);
        CheckObjectHash(store_, record, interrupt_);
        CheckObjectsPresent(store_, {&record, 1}, interrupt_);
    }
}

TEST_P(Recipe, PageIndexFindsEveryBlock) {
    ObjectSpec spec = Spec();
    spec.identity.blocks = BlockRange{10, 20};
    ObjectWriter writer(store_, std::move(spec));
    std::string rows;
    const std::map<uint32_t, std::string> blocks = {{10, std::string(1500, 'a') + "\n"},
                                                    {12, "b\n"},
                                                    {13, std::string(999, 'c') + "\n"},
                                                    {17, "d\n"}};
    for (const auto& [block, text] : blocks) {
        writer.Write(AsBytes(text));
        writer.EndBlock(block);
        rows += text;
    }
    EXPECT_EQ(writer.raw_bytes(), rows.size());
    const ObjectRecord record = writer.Finish(4);
    EXPECT_EQ(record.blocks, (BlockRange{10, 20}));
    EXPECT_EQ(Read(record), rows);
    ASSERT_TRUE(result_.index);
    EXPECT_EQ(result_.index->text_bytes,
              (std::vector<uint64_t>{1501, 0, 2, 1000, 0, 0, 0, 2, 0, 0}));
    ASSERT_EQ(result_.index->frames.size(), 3U); // cut after 1501, after 1002 more
    EXPECT_EQ(result_.index->frames[1].raw, 1501U);
    EXPECT_EQ(result_.index->frames[2].raw, 2503U);
}

TEST_P(Recipe, AnObjectMayEndEarlierThanPlanned) {
    ObjectSpec spec = Spec();
    spec.identity.blocks = BlockRange{10, 20};
    ObjectWriter writer(store_, std::move(spec));
    writer.Write(AsBytes("a\n"));
    writer.EndBlock(11);
    EXPECT_EQ(Catch([&] {
                  writer.SetBlocks({10, 11});
              }).message,
              "an object's blocks can only be cut at the end");
    EXPECT_EQ(Catch([&] {
                  writer.SetBlocks({10, 21});
              }).message,
              "an object's blocks can only be cut at the end");
    writer.SetBlocks({10, 12});
    ObjectRecord record = writer.Finish(1);
    EXPECT_EQ(record.blocks, (BlockRange{10, 12}));
    EXPECT_EQ(Read(record), "a\n");
    record.blocks = {10, 13};
    EXPECT_EQ(Problem(record),
              "Its page index is for blocks [10, 12), the manifest says [10, 13).");
    record.blocks = {11, 12};
    EXPECT_EQ(Problem(record),
              "It says that its block range is [10, 20), the manifest says [11, 12).");
}

TEST_P(Recipe, WriterRefusesMistakes) {
    ObjectSpec spec = Spec();
    spec.identity.blocks = BlockRange{10, 20};
    ObjectWriter writer(store_, std::move(spec));
    EXPECT_EQ(Catch([&] { writer.EndBlock(9); }).message, "block 9 ended out of order");
    EXPECT_EQ(Catch([&] { writer.EndBlock(20); }).message, "block 20 ended out of order");
    writer.EndBlock(10);
    EXPECT_EQ(Catch([&] { writer.EndBlock(10); }).message, "block 10 ended out of order");
    writer.Write(AsBytes("a\n"));
    EXPECT_EQ(Catch([&] { writer.Finish(1); }).message, "2 bytes of text belong to no block");
}

TEST_P(Recipe, EveryCompression) {
    CompressorCache cache;
    for (const char* text : {"none", "lz4", "zstd:-7", "zstd:1", "zstd:19", "zstd:1,long"}) {
        SCOPED_TRACE(text);
        ObjectSpec spec = Spec();
        spec.identity.blocks = BlockRange{0, 3};
        spec.compression = Compression::Parse(text);
        spec.cache = &cache;
        ObjectWriter writer(store_, std::move(spec));
        std::string rows;
        for (uint32_t block = 0; block < 3; ++block) {
            const std::string row = std::string(900, static_cast<char>('a' + block)) + "\n";
            writer.Write(AsBytes(row));
            writer.EndBlock(block);
            rows += row;
        }
        const ObjectRecord record = writer.Finish(3);
        EXPECT_EQ(Read(record), rows);
        EXPECT_EQ(result_.identity.codec, Compression::Parse(text).codec());
        EXPECT_EQ(result_.identity.window_log, Compression::Parse(text).window_log());
        ASSERT_EQ(result_.index->frames.size(), 2U);
        EXPECT_EQ(record.name.ends_with(".lz4"), !key_ && text == std::string_view("lz4"));
        EXPECT_EQ(record.name.ends_with(".zst"), !key_ && text != std::string_view("lz4"));
        const Buffer good = store_.objects()[record.name];
        for (size_t at = 0; at < good.size(); at += 7) {
            store_.objects()[record.name][at] ^= std::byte{1};
            EXPECT_FALSE(Problem(record).empty()) << at;
            store_.objects()[record.name] = good;
        }
    }
}

// Without a size of its own to go by, a frame is as long as its compression is good with.
TEST_P(Recipe, FramesAreAsLongAsTheCompressionWantsThem) {
    const std::string block(700 << 10, '\n');
    for (const auto& [text, frames] : {std::pair{"zstd:1", 2U}, {"lz4", 2U}, {"zstd:1,long", 1U}}) {
        ObjectSpec spec = Spec();
        spec.frame_bytes.reset();
        spec.identity.blocks = BlockRange{0, 4};
        spec.compression = Compression::Parse(text);
        ObjectWriter writer(store_, std::move(spec));
        for (uint32_t i = 0; i < 4; ++i) {
            writer.Write(AsBytes(block));
            writer.EndBlock(i);
        }
        Read(writer.Finish(4 * block.size()));
        EXPECT_EQ(result_.index->frames.size(), frames) << text;
    }
}

TEST_P(Recipe, FramesAreOfTheIdentitysCodec) {
    ObjectSpec spec = Spec();
    spec.compression = Compression::Parse("lz4");
    ObjectRecord record = WriteObject(store_, spec, AsBytes("a\n"), 1);
    EXPECT_EQ(Read(record), "a\n");
    const Buffer lz4_frame = [] {
        StringSink out;
        const auto compressor = MakeCompressor(out, Compression::Parse("lz4"));
        compressor->Write(AsBytes("a\n"));
        compressor->Finish();
        const Bytes bytes = AsBytes(out.text());
        return Buffer(bytes.begin(), bytes.end());
    }();
    EXPECT_EQ(Problem(Forge(lz4_frame, 2)), "It has a frame of an unknown type 0x184d2204.");
    if (key_) return; // the name of an encrypted object says nothing
    const Buffer stored = store_.objects()[record.name];
    record.name.replace(record.name.size() - 4, 4, ".zst");
    store_.objects()[record.name] = stored;
    EXPECT_EQ(Problem(record), "It says that its codec is lz4, the manifest says zstd.");
}

// What asks for more memory than the identity says is refused before it gets any.
TEST_P(Recipe, WindowIsThatOfTheIdentity) {
    std::string rows(2 << 20, 'x');
    rows.back() = '\n';
    ObjectSpec spec = Spec();
    spec.compression = Compression::Parse("zstd:1,long");
    EXPECT_EQ(Read(WriteObject(store_, spec, AsBytes(rows), 1)), rows);
    StringSink frame;
    const auto compressor = MakeCompressor(frame, spec.compression);
    compressor->Write(AsBytes(rows));
    compressor->Finish();
    const Bytes bytes = AsBytes(frame.text());
    EXPECT_EQ(Problem(Forge({bytes.begin(), bytes.end()}, rows.size())),
              "Compressed data is damaged: zstd says: Frame requires too much memory for "
              "decoding.");
}

TEST_P(Recipe, UnfinishedObjectIsNotThere) {
    {
        ObjectWriter writer(store_, Spec());
        writer.Write(AsBytes("a\n"));
    }
    EXPECT_TRUE(store_.objects().empty());
}

TEST_P(Recipe, EveryFlippedBitIsFound) {
    const ObjectRecord record = Write("1\tone\n2\ttwo\n");
    const Buffer good = store_.objects()[record.name];
    for (size_t bit = 0; bit < good.size() * 8; ++bit) {
        Buffer& stored = store_.objects()[record.name];
        stored = good;
        stored[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
        EXPECT_EQ(Problem(record), "Its SHA-256 is " + ToHex(Sha256Of(stored)) +
                                       ", the manifest says " + ToHex(record.sha256) + ".")
            << bit;
    }
}

// One who can change the store and the manifest, but has no key: only the tag is left to find it.
TEST_P(Recipe, EveryFlippedBitIsFoundByTheTag) {
    if (!key_) return; // a clear object has no tag
    ObjectRecord record = Write("1\tone\n2\ttwo\n");
    const Buffer good = store_.objects()[record.name];
    for (size_t bit = 0; bit < good.size() * 8; ++bit) {
        Buffer& stored = store_.objects()[record.name];
        stored = good;
        stored[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
        record.sha256 = Sha256Of(stored);
        EXPECT_FALSE(Problem(record).empty()) << bit;
    }
}

TEST_P(Recipe, EveryTruncationIsFound) {
    ObjectRecord record = Write("1\tone\n2\ttwo\n");
    const ObjectRecord before = record;
    const Buffer good = store_.objects()[record.name];
    for (size_t length = 0; length < good.size(); ++length) {
        Buffer& stored = store_.objects()[record.name];
        stored.assign(good.begin(), good.begin() + static_cast<ptrdiff_t>(length));
        EXPECT_EQ(Problem(before), "It has " + std::to_string(length) +
                                       " bytes, the manifest says " + std::to_string(good.size()) +
                                       ".");
        record.stored_bytes = length;
        record.sha256 = Sha256Of(stored);
        EXPECT_FALSE(Problem(record).empty()) << length;
    }
}

TEST_P(Recipe, TrailingBytesAreFound) {
    ObjectRecord record = Write("1\tone\n");
    Buffer& stored = store_.objects()[record.name];
    stored.push_back(std::byte{0});
    EXPECT_EQ(Problem(record), "It is larger than the " + std::to_string(record.stored_bytes) +
                                   " bytes the manifest says.");
    record.stored_bytes = stored.size();
    record.sha256 = Sha256Of(stored);
    EXPECT_FALSE(Problem(record).empty());
}

TEST_P(Recipe, MissingObject) {
    const ObjectRecord record = Write("1\tone\n");
    store_.objects().clear();
    for (const auto& thrown : {Catch([&] { Read(record); }), Catch([&] {
                                   CheckObjectsPresent(store_, {&record, 1}, interrupt_);
                               }),
                               Catch([&] { CheckObjectHash(store_, record, interrupt_); })}) {
        EXPECT_EQ(thrown.code, Errc::Damaged);
        EXPECT_EQ(thrown.message, "object " + record.name + " is missing");
        EXPECT_EQ(thrown.detail, "The manifest lists it, the store does not have it.");
    }
}

TEST_P(Recipe, IdentityIsCompared) {
    const ObjectRecord good = Write("1\tone\n");
    const auto problem = [&](auto edit) {
        ObjectRecord record = good;
        edit(record);
        return Problem(record);
    };
    EXPECT_EQ(problem([](auto& record) { record.relation = 1; }),
              "It says that its relation is 16390, the manifest says 1.");
    EXPECT_EQ(problem([](auto& record) { record.origin = "app-20261120T021500Z-full-00000000"; }),
              "It says that its backup is app-20261120T021500Z-full-9f3c01aa, the manifest says "
              "app-20261120T021500Z-full-00000000.");
    EXPECT_EQ(problem([](auto& record) { record.kind = ObjectKind::kConfig; }),
              "It says that its kind is data, the manifest says config.");
    EXPECT_EQ(problem([](auto& record) { record.part = record.parts = 2; }),
              "It says that its part is 1, the manifest says 2.");
    EXPECT_EQ(problem([](auto& record) {
                  record.blocks = BlockRange{0, 1};
              }),
              "It says that its block range is none, the manifest says [0, 1).");
    EXPECT_EQ(problem([](auto& record) { record.rows = 2; }),
              "It has 1 rows, the manifest says 2.");
    EXPECT_EQ(problem([](auto& record) { record.raw_bytes = 7; }),
              "It holds 6 bytes of text, the manifest says 7.");
    EXPECT_EQ(problem([](auto& record) { record.raw_bytes = 5; }),
              "It holds more than the 5 bytes of text the manifest says.");
    context_.origin_stores = {std::string(32, 'b')};
    EXPECT_EQ(Problem(good),
              "It comes from store " + kStore + ", which this store does not accept.");
}

TEST_P(Recipe, AnotherObjectUnderItsName) {
    const ObjectRecord good = Write("1\tone\n");
    ObjectRecord renamed = good;
    renamed.name = MakeObjectName(key_.has_value());
    store_.objects()[renamed.name] = store_.objects()[good.name];
    EXPECT_EQ(Problem(renamed), "It says that its id is " + std::string(ObjectIdOf(good.name)) +
                                    ", the manifest says " + std::string(ObjectIdOf(renamed.name)) +
                                    ".");
}

TEST_P(Recipe, OrderOfFrames) {
    const Buffer text = Frame("a\n");
    const BlockRange blocks{0, 1};
    EXPECT_EQ(Read(Forge(Joined({text, text}), 4)), "a\na\n");
    EXPECT_EQ(Problem(Forge(Joined({Skippable(kIdentityMagic, "{}"), text}), 2)),
              "It has a second identity frame.");
    EXPECT_EQ(Problem(Forge(Joined({Skippable(0x184D2A50, "x"), text}), 2)),
              "It has a frame of an unknown type 0x184d2a50.");
    EXPECT_EQ(Problem(Forge(Joined({text, Skippable(kPageIndexMagic, "x")}), 2)),
              "It has a page index, but the manifest gives it no blocks.");
    EXPECT_EQ(Problem(Forge(text, 2, blocks)), "Its page index is missing.");
    EXPECT_EQ(Problem(Forge(Joined({text, Buffer(3)}), 2)), "It ends too early.");
    EXPECT_EQ(Problem(Forge(Skippable(kPageIndexMagic, ""), 2, blocks)),
              "A frame 0x184d2a5c of 0 bytes is not possible.");
    Buffer huge;
    AppendLe32(huge, kPageIndexMagic);
    AppendLe32(huge, UINT32_MAX);
    EXPECT_EQ(Problem(Forge(huge, 2, blocks)),
              "A frame 0x184d2a5c of 4294967295 bytes is not possible.");
}

TEST_P(Recipe, PageIndexIsCheckedAgainstTheFrames) {
    const Buffer text = Frame("a\n");
    const BlockRange blocks{0, 1};
    const uint64_t start = IdentityFrameFor(MakeObjectName(key_.has_value()), blocks).size();
    const Buffer index = EncodePageIndexFrame({blocks, {2}, {{start, 0}}});
    EXPECT_EQ(Read(Forge(Joined({text, index}), 2, blocks)), "a\n");
    EXPECT_EQ(Problem(Forge(Joined({text, index, text}), 4, blocks)),
              "Bytes follow its page index.");
    EXPECT_EQ(Problem(Forge(Joined({text, index, index}), 2, blocks)),
              "Bytes follow its page index.");
    EXPECT_EQ(Problem(Forge(Joined({text, EncodePageIndexFrame({blocks, {2}, {{start + 1, 0}}})}),
                            2, blocks)),
              "Page index is damaged: Its frames are not those of the object.");
    EXPECT_EQ(Problem(Forge(Joined({text, EncodePageIndexFrame({blocks, {3}, {{start, 0}}})}), 2,
                            blocks)),
              "Page index is damaged: The blocks' bytes exceed the object's 2.");
}

TEST_P(Recipe, LastRowMustEnd) {
    EXPECT_EQ(Problem(Forge(Frame("a"), 1)), "Its last row has no end.");
}

TEST_P(Recipe, DecompressionStops) {
    struct Counting final : Sink {
        void Write(Bytes bytes) override { count += bytes.size(); }
        void Finish() override { finished = true; }
        uint64_t count = 0;
        bool finished = false;
    } sink;
    ObjectRecord record = Write(std::string(50 << 20, '\n'));
    record.raw_bytes = 1000;
    EXPECT_EQ(Catch([&] { ReadObject(store_, record, context_, sink); }).detail,
              "It holds more than the 1000 bytes of text the manifest says.");
    EXPECT_LE(sink.count, 1000U);
    EXPECT_FALSE(sink.finished);
}

TEST_P(Recipe, IdentityFrameIsBounded) {
    ObjectRecord record = Write("1\tone\n");
    Buffer& stored = store_.objects()[record.name];
    if (key_) return;
    Buffer length;
    AppendLe32(length, kMaxIdentityBytes + 1);
    std::copy(length.begin(), length.end(), stored.begin() + 4);
    record.sha256 = Sha256Of(stored);
    EXPECT_EQ(Problem(record), "A frame 0x184d2a5b of 65537 bytes is not possible.");
}

TEST_P(Recipe, KeysAreThoseOfTheRecord) {
    ObjectRecord record = Write("1\tone\n");
    context_.keys = nullptr;
    if (!key_) {
        EXPECT_EQ(Read(record), "1\tone\n");
        // The manifest says encrypted, the object is clear: refused without a look at its content.
        record.key_id = KeyId{};
        EXPECT_FALSE(Problem(record).empty());
        return;
    }
    const auto thrown = Catch([&] { Read(record); });
    EXPECT_EQ(thrown.code, Errc::KeyMissing);
    EXPECT_EQ(thrown.message,
              "key " + ToHex(key_->Id()) + " is needed to read object " + record.name);
    EXPECT_EQ(thrown.detail, "No key was given.");
    const KeyId other{};
    record.key_id = other;
    EXPECT_EQ(Problem(record), "It is encrypted under key " + ToHex(key_->Id()) +
                                   ", the manifest says " + ToHex(other) + ".");
    record.key_id.reset();
    EXPECT_EQ(Problem(record), "It does not begin with an identity frame.");
}

TEST_P(Recipe, ForeignErrorsPassUnchanged) {
    struct Failing final : Sink {
        void Write(Bytes) override { throw Error(Errc::TargetRefused, "no"); }
        void Finish() override {}
    } failing;
    const ObjectRecord record = Write("1\tone\n");
    const auto thrown = Catch([&] { ReadObject(store_, record, context_, failing); });
    EXPECT_EQ(thrown.code, Errc::TargetRefused);
    EXPECT_EQ(thrown.message, "no");
}

TEST_P(Recipe, CanBeInterrupted) {
    struct Stop final : Interrupt {
        void Check() override { throw Error(Errc::Cancelled, "cancelled"); }
    } stop;
    const ObjectRecord record = Write("1\tone\n");
    EXPECT_EQ(Catch([&] { CheckObjectHash(store_, record, stop); }).code, Errc::Cancelled);
    context_.interrupt = &stop;
    EXPECT_EQ(Catch([&] { Read(record); }).code, Errc::Cancelled);
}

TEST(Identity, RoundTripAndRefusals) {
    Identity identity;
    identity.store_id = kStore;
    identity.object_id = std::string(32, 'c');
    identity.backup_id = kBackup;
    identity.blocks = {3, 9};
    identity.part = 2;
    identity.snapshot = "1:2";
    identity.lsn = "0/1";
    identity.relation = 5;
    EXPECT_EQ(ParseIdentity(IdentityJson(identity)), identity);
    const auto detail = [&](auto edit) {
        Identity edited = identity;
        edit(edited);
        const auto thrown = Catch([&] { ParseIdentity(IdentityJson(edited)); });
        EXPECT_EQ(thrown.message, "identity frame is damaged");
        return thrown.detail;
    };
    EXPECT_EQ(detail([](auto& edited) { edited.object_id = "x"; }),
              "object_id is not an object id.");
    EXPECT_EQ(detail([](auto& edited) { edited.backup_id = "x"; }),
              "backup_id is not a backup id.");
    EXPECT_EQ(detail([](auto& edited) { edited.window_log = 28; }), "window is more than 27 bits.");
    EXPECT_EQ(detail([](auto& edited) {
                  edited.blocks = {9, 3};
              }),
              "blocks is not a range [first, end).");
    identity.codec = Codec::kLz4;
    identity.window_log = kLongWindowLog;
    EXPECT_EQ(ParseIdentity(IdentityJson(identity)), identity);
    std::string unknown = IdentityJson(identity);
    unknown.replace(unknown.find("\"lz4\""), 5, "\"lzo\"");
    EXPECT_EQ(Catch([&] { ParseIdentity(unknown); }).detail, "codec is not known.");
    std::string newer = IdentityJson(identity);
    newer[newer.find("/1") + 1] = '2';
    EXPECT_EQ(Catch([&] { ParseIdentity(newer); }).detail, "format is not \"pg_lifeboat/1\".");
}

} // namespace
} // namespace lifeboat
