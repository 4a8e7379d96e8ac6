// What a restore takes, in round numbers of a small server with solid-state disks: a guess to plan
// an evening with, on purpose without knobs. Each is for one connection unless it says otherwise.
#pragma once

namespace lifeboat {

inline constexpr double kCreateDatabaseSeconds = 1;
inline constexpr double kSchemaSecondsPerTable = 0.01; // with its types, defaults and rights
inline constexpr double kLoadBytesPerSecond = 40e6;    // COPY with WAL, decompression keeps up
inline constexpr double kLoadSecondsPerObject = 0.005;
inline constexpr double kLargeObjectBytesPerSecond = 10e6;
inline constexpr double kIndexBytesPerSecond =
    60e6; // of table text: sorts, writes, validates foreign keys
inline constexpr double kAnalyzeSecondsPerTable = 0.05; // ANALYZE reads a sample of bounded size

// Disk space that restored text takes as heap and TOAST, and with indexes and the WAL of loading.
inline constexpr double kLeastDiskPerByte = 1.0;
inline constexpr double kSafeDiskPerByte = 2.0;

} // namespace lifeboat
