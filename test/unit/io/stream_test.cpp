#include "core/io/stream.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/unique_fd.h"
#include "core/io/taps.h"
#include "support/interrupt_after.h"

namespace lifeboat {
namespace {

// What a sink was told, in order.
class Recorder final : public Sink {
public:
    void Write(Bytes bytes) override { said += "w" + std::to_string(bytes.size()) + " "; }
    void Finish() override { said += "f "; }
    std::string said;
};

TEST(Pump, MovesEverythingAndDoesNotFinish) {
    const std::string text(600000, 'x');
    MemorySource source(AsBytes(text));
    Recorder sink;
    NeverInterrupted never;
    EXPECT_EQ(Pump(source, sink, never), 600000U);
    EXPECT_EQ(sink.said, "w262144 w262144 w75712 ");
}

TEST(Pump, ChecksInterruptsBetweenPieces) {
    const std::string text(600000, 'x');
    MemorySource source(AsBytes(text));
    Recorder sink;
    test::InterruptAfter interrupt(2);
    EXPECT_THROW(Pump(source, sink, interrupt), Error);
    EXPECT_EQ(sink.said, "w262144 w262144 ");
}

TEST(StringSink, StopsAtItsLimit) {
    StringSink sink(5);
    sink.Write(AsBytes("abc"));
    sink.Write(AsBytes("de"));
    try {
        sink.Write(AsBytes("f"));
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::Damaged);
        EXPECT_EQ(error.message(), "content is longer than 5 bytes");
    }
    EXPECT_EQ(sink.Take(), "abcde");
}

TEST(FdStreams, CarryBytes) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const UniqueFd read(ends[0]);
    UniqueFd write(ends[1]);
    FdSink sink(write.get(), "the pipe");
    sink.Write(AsBytes("hello"));
    write.Reset();
    FdSource source(read.get(), "the pipe");
    StringSink got;
    NeverInterrupted never;
    EXPECT_EQ(Pump(source, got, never), 5U);
    EXPECT_EQ(got.text(), "hello");
}

TEST(FdStreams, NameWhatFails) {
    const UniqueFd full(::open("/dev/full", O_RDWR));
    FdSink sink(full.get(), "file \"/dev/full\"");
    try {
        sink.Write(AsBytes("x"));
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::DiskFull);
        EXPECT_EQ(error.message(),
                  "could not write to file \"/dev/full\": No space left on device");
    }
    FdSource source(-1, "nothing");
    std::byte byte;
    try {
        source.Read({&byte, 1});
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::StoreRefused);
        EXPECT_EQ(error.message(), "could not read nothing: Bad file descriptor");
    }
}

TEST(Taps, HashTapHashesAndCounts) {
    Recorder next;
    HashTap tap(next);
    tap.Write(AsBytes("ab"));
    tap.Write(AsBytes("c"));
    tap.Finish();
    EXPECT_EQ(tap.bytes(), 3U);
    EXPECT_EQ(ToHex(tap.Digest()),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(next.said, "w2 w1 f ");
}

TEST(Taps, CountTapCountsLines) {
    DiscardSink next;
    CountTap tap(next);
    EXPECT_TRUE(tap.ends_with_newline()) << "nothing is a whole number of lines";
    tap.Write(AsBytes("a\nb\nc"));
    EXPECT_EQ(tap.lines(), 2U);
    EXPECT_FALSE(tap.ends_with_newline());
    tap.Write({});
    EXPECT_FALSE(tap.ends_with_newline());
    tap.Write(AsBytes("\n"));
    EXPECT_EQ(tap.lines(), 3U);
    EXPECT_EQ(tap.bytes(), 6U);
    EXPECT_TRUE(tap.ends_with_newline());
}

TEST(Taps, ProgressTapAddsAndChecks) {
    DiscardSink next;
    std::atomic<uint64_t> done = 100;
    test::InterruptAfter interrupt(1);
    ProgressTap tap(next, done, interrupt);
    tap.Write(AsBytes("abc"));
    EXPECT_EQ(done, 103U);
    EXPECT_THROW(tap.Write(AsBytes("d")), Error);
    EXPECT_EQ(done, 103U);
}

} // namespace
} // namespace lifeboat
