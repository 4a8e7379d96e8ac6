// What one value costs in each formatter, on values as tables have them.
#include <benchmark/benchmark.h>

#include <bit>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "core/copytext/datetime.h"
#include "core/copytext/floats.h"
#include "core/copytext/numbers.h"
#include "core/copytext/numeric.h"
#include "core/copytext/text.h"
#include "core/copytext/uuid.h"

namespace lifeboat {
namespace {

using Random = std::mt19937_64;

// Formats into the same buffer over and over, as a segment does.
class Discard final : public TextOut {
public:
    Discard() : bytes_(4 * kMaxReserve, '\0') {
        begin_ = next_ = bytes_.data();
        end_ = begin_ + bytes_.size();
    }
    [[nodiscard]] size_t Written() const noexcept {
        return drained_ + static_cast<size_t>(next_ - begin_);
    }

private:
    void Drain() override {
        drained_ += static_cast<size_t>(next_ - begin_);
        next_ = begin_;
    }
    std::string bytes_;
    size_t drained_ = 0;
};

struct Case {
    FormatFunction format;
    std::string (*make)(Random& random);
};

template <typename Number>
std::string Bytes(Number number) {
    std::string bytes(sizeof(number), '\0');
    std::memcpy(bytes.data(), &number, sizeof(number));
    return bytes;
}

// Values of up to `digits` digits, the short ones as frequent as the long ones.
int64_t AnyLength(Random& random, int digits) {
    const auto length = static_cast<double>(1 + random() % static_cast<unsigned>(digits));
    return static_cast<int64_t>(random() % static_cast<uint64_t>(std::pow(10, length)));
}

std::string Letters(Random& random, size_t size) {
    std::string text(size, ' ');
    for (char& c : text) c = static_cast<char>('a' + random() % 26);
    return text;
}

// 2000 to 2030
int64_t Moment(Random& random) {
    return static_cast<int64_t>(random() % (30 * 365 * 86'400 * uint64_t{1'000'000}));
}

std::string Numeric(std::vector<uint16_t> groups, int weight, int scale) {
    std::string bytes = Bytes(static_cast<uint16_t>(0x8000 | scale << 7 | (weight & 0x7F)));
    while (!groups.empty() && groups.back() == 0) groups.pop_back();
    for (const uint16_t group : groups) bytes += Bytes(group);
    return bytes;
}

// An amount of money up to 99,999,999.99.
std::string Money(Random& random) {
    const auto cents = static_cast<uint64_t>(AnyLength(random, 10));
    const auto group = [](uint64_t value) { return static_cast<uint16_t>(value % 10'000); };
    const auto fraction = group(cents % 100 * 100);
    const uint64_t whole = cents / 100;
    if (whole < 10'000) return Numeric({group(whole), fraction}, 0, 2);
    return Numeric({group(whole / 10'000), group(whole), fraction}, 1, 2);
}

std::string Interval(Random& random) {
    return Bytes(Moment(random) % 86'400'000'000) + Bytes(static_cast<int32_t>(random() % 30)) +
           Bytes(static_cast<int32_t>(random() % 3));
}

constexpr size_t kValues = 4096;

void Run(benchmark::State& state, Case what) {
    Random random(1);
    std::vector<std::string> values;
    std::string together; // one after the other, as in a page
    std::vector<size_t> starts;
    for (size_t at = 0; at < kValues; ++at) {
        const std::string value = what.make(random);
        starts.push_back(together.size());
        together += value;
    }
    starts.push_back(together.size());
    const TypeFormat type;
    Discard out;
    for (auto _ : state) {
        for (size_t at = 0; at < kValues; ++at)
            benchmark::DoNotOptimize(
                what.format(type, together.data() + starts[at], starts[at + 1] - starts[at], out));
    }
    const auto values_done = static_cast<double>(state.iterations() * kValues);
    state.SetBytesProcessed(static_cast<int64_t>(out.Written()));
    state.counters["value"] =
        benchmark::Counter(values_done, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

using R = Random;

const struct {
    const char* name;
    Case what;
} kCases[] = {
    {"bool", {FormatBool, [](R& random) { return Bytes(random() % 2 == 0); }}},
    {"int2", {FormatInt2, [](R& random) { return Bytes(static_cast<int16_t>(random())); }}},
    {"int4 up to 9 digits",
     {FormatInt4, [](R& random) { return Bytes(static_cast<int32_t>(AnyLength(random, 9))); }}},
    {"int4 below 1000",
     {FormatInt4, [](R& random) { return Bytes(static_cast<int32_t>(random() % 1000)); }}},
    {"int4 any", {FormatInt4, [](R& random) { return Bytes(static_cast<int32_t>(random())); }}},
    {"int8 up to 18 digits", {FormatInt8, [](R& random) { return Bytes(AnyLength(random, 18)); }}},
    {"oid", {FormatOid, [](R& random) { return Bytes(static_cast<uint32_t>(random())); }}},
    {"float4 two decimals",
     {FormatFloat4,
      [](R& random) { return Bytes(static_cast<float>(random() % 10'000) / 100.0F); }}},
    {"float8 two decimals",
     {FormatFloat8,
      [](R& random) { return Bytes(static_cast<double>(random() % 1'000'000) / 100.0); }}},
    {"float8 16 digits",
     {FormatFloat8,
      [](R& random) { return Bytes(std::uniform_real_distribution<>(-100, 100)(random)); }}},
    {"float8 whole",
     {FormatFloat8, [](R& random) { return Bytes(static_cast<double>(random() % 100'000)); }}},
    {"float8 any", {FormatFloat8, [](R& random) { return Bytes(random()); }}},
    {"numeric(15,2)", {FormatNumeric, Money}},
    {"date",
     {FormatDate, [](R& random) { return Bytes(static_cast<int32_t>(random() % 11'000)); }}},
    {"time", {FormatTime, [](R& random) { return Bytes(Moment(random) % 86'400'000'000); }}},
    {"timetz",
     {FormatTimeTz,
      [](R& random) { return Bytes(Moment(random) % 86'400'000'000) + Bytes(int32_t{-7200}); }}},
    {"timestamp seconds",
     {FormatTimestamp, [](R& random) { return Bytes(Moment(random) / 1'000'000 * 1'000'000); }}},
    {"timestamptz", {FormatTimestampTz, [](R& random) { return Bytes(Moment(random)); }}},
    {"interval", {FormatInterval, Interval}},
    {"text of 5", {FormatText, [](R& random) { return Letters(random, 5); }}},
    {"text of 1 to 20", {FormatText, [](R& random) { return Letters(random, 1 + random() % 20); }}},
    {"text of 100", {FormatText, [](R& random) { return Letters(random, 100); }}},
    {"text of 100 with 2 escapes",
     {FormatText,
      [](R& random) {
          return Letters(random, random() % 50) + '\n' + Letters(random, 48) + '\\';
      }}},
    {"text of 4000", {FormatText, [](R& random) { return Letters(random, 4000); }}},
    {"name", {FormatName, [](R& random) { return Letters(random, 12) + std::string(52, '\0'); }}},
    {"bytea of 100", {FormatBytea, [](R& random) { return Letters(random, 100); }}},
    {"uuid", {FormatUuid, [](R& random) { return Bytes(random()) + Bytes(random()); }}},
    {"macaddr", {FormatMacaddr, [](R& random) { return Bytes(random()).substr(2); }}},
};

} // namespace
} // namespace lifeboat

int main(int argc, char** argv) {
    for (const auto& [name, what] : lifeboat::kCases)
        benchmark::RegisterBenchmark(name, lifeboat::Run, what);
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
}
