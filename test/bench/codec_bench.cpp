// What compressing costs: text as tables have it, written in the pieces and frames of a segment.
// `left` is the part of the bytes that remains.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "core/compress/compressor.h"

namespace lifeboat {
namespace {

constexpr size_t kTextBytes = 32U << 20;
constexpr size_t kPiece = 256U << 10;

using Random = std::mt19937_64;

std::string Number(Random& random, uint64_t below) { return std::to_string(random() % below); }

std::string Words(Random& random, size_t count) {
    static constexpr const char* kWords[] = {
        "carefully", "final",    "deposits", "sleep",   "quickly", "regular", "accounts",
        "furiously", "ironic",   "packages", "haggle",  "express", "across",  "slyly",
        "pending",   "requests", "above",    "unusual", "foxes",   "special", "beans"};
    std::string text;
    for (size_t i = 0; i < count; ++i)
        text.append(i == 0 ? "" : " ").append(kWords[random() % std::size(kWords)]);
    return text;
}

std::string Date(Random& random) {
    return "199" + Number(random, 8) + "-" + std::to_string(10 + random() % 3) + "-" +
           std::to_string(10 + random() % 18);
}

std::string LineItem(Random& random, uint64_t row) {
    return std::to_string(row / 4) + "\t" + Number(random, 200000) + "\t" + Number(random, 10000) +
           "\t" + std::to_string(row % 4 + 1) + "\t" + Number(random, 50) + ".00\t" +
           Number(random, 90000) + ".25\t0.0" + Number(random, 10) + "\tN\tO\t" + Date(random) +
           "\t" + Date(random) + "\t" + Words(random, 1) + "\t" + Words(random, 3 + random() % 5) +
           "\n";
}

std::string Reading(Random& random, uint64_t row) {
    return Number(random, 500) + "\t2026-11-20 02:" + std::to_string(10 + row / 60 % 50) + ":" +
           std::to_string(10 + row % 50) + "." + Number(random, 1000000) + "+00\t" +
           std::to_string(20 + static_cast<double>(random() % 1000000) / 7e5) + "\t1013." +
           Number(random, 1000000000) + "\n";
}

std::string Event(Random& random, uint64_t row) {
    return std::to_string(row) + "\t{\"id\": " + std::to_string(row) + ", \"tags\": [\"" +
           Words(random, 1) + "\", \"" + Words(random, 1) +
           "\"], \"user\": {\"id\": " + Number(random, 50000) + ", \"name\": \"" +
           Words(random, 2) + "\"}, \"token\": \"" + std::to_string(random()) + "\"}\n";
}

std::string Text(std::string (*row)(Random&, uint64_t)) {
    Random random(42);
    std::string text;
    for (uint64_t i = 0; text.size() < kTextBytes; ++i) text += row(random, i);
    return text;
}

void Compress(benchmark::State& state, std::string (*row)(Random&, uint64_t),
              const char* compression_text) {
    const std::string text = Text(row);
    const Compression compression = Compression::Parse(compression_text);
    CompressorCache cache;
    uint64_t stored = 0;
    for (auto _ : state) {
        DiscardSink sink;
        const auto compressor = MakeCompressor(sink, compression, &cache);
        uint64_t frame = 0;
        for (size_t at = 0; at < text.size(); at += kPiece) {
            const std::string_view piece = std::string_view(text).substr(at, kPiece);
            compressor->Write(AsBytes(piece));
            frame += piece.size();
            if (frame < compression.frame_bytes()) continue;
            compressor->EndFrame();
            frame = 0;
        }
        compressor->Finish();
        stored = compressor->written();
    }
    state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * text.size()));
    state.counters["left"] = static_cast<double>(stored) / static_cast<double>(text.size());
}

// An object with one small frame, as each of many small tables is.
void SmallObject(benchmark::State& state, bool cached) {
    const std::string text(1000, 'x');
    CompressorCache cache;
    for (auto _ : state) {
        DiscardSink sink;
        const auto compressor = MakeCompressor(sink, {}, cached ? &cache : nullptr);
        compressor->Write(AsBytes(text));
        compressor->Finish();
    }
}

void Register() {
    const std::pair<const char*, std::string (*)(Random&, uint64_t)> kTexts[] = {
        {"lineitem", LineItem}, {"sensor", Reading}, {"jsonb", Event}};
    for (const auto& [name, row] : kTexts) {
        for (const char* compression :
             {"none", "lz4", "zstd:-1", "zstd:1", "zstd:3", "zstd:6", "zstd:9", "zstd:1,long"}) {
            const std::string label = std::string(name) + "/" + compression;
            benchmark::RegisterBenchmark(label.c_str(), Compress, row, compression)
                ->Unit(benchmark::kMillisecond);
        }
    }
    benchmark::RegisterBenchmark("small object", SmallObject, false);
    benchmark::RegisterBenchmark("small object, cached", SmallObject, true);
}

} // namespace
} // namespace lifeboat

int main(int argc, char** argv) {
    lifeboat::Register();
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
