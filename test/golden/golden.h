// The golden stores: one folder per version of the format and per way of keeping it, made once,
// read forever.
#pragma once

#include <string>
#include <vector>

#include "core/format/backup.h"
#include "support/temp_dir.h"

namespace lifeboat::test {

inline std::string GoldenPath(const std::string& below) {
    return std::string(LIFEBOAT_TEST_DATA) + "/" + below;
}
inline std::string GoldenText(const std::string& below) { return ReadFile(GoldenPath(below)); }

struct GoldenStore {
    std::string name;
    bool encrypted;
    std::string compression;
};
inline std::vector<GoldenStore> GoldenStores() {
    return {{"v1-clear", false, "zstd:1"},     {"v1-encrypted", true, "zstd:1"},
            {"v1-none", false, "none"},        {"v1-lz4", false, "lz4"},
            {"v1-lz4-encrypted", true, "lz4"}, {"v1-long-encrypted", true, "zstd:3,long"}};
}

struct GoldenTable {
    uint32_t relation;
    std::string schema;
    std::string name;
    std::vector<std::string> columns;
    // Each part is an object: its rows stand in source/<file>.rows, its blocks hold so many rows
    // each.
    struct Part {
        std::string file;
        BlockRange blocks;
        uint32_t rows_per_block;
    };
    std::vector<Part> objects;
    bool one_block_in_parts = false;
};

inline std::vector<GoldenTable> GoldenTables() {
    const std::vector<std::string> columns = {"id",   "note", "price", "how",
                                              "data", "raw",  "at",    "page"};
    return {
        {16394,
         "public",
         "orders",
         columns,
         {{"orders-0", {0, 5}, 10}, {"orders-1", {5, 10}, 10}, {"orders-2", {10, 14}, 10}}},
        {16401,
         "Odd \"schema\"",
         "tab\tnew\nline \\ back",
         {"select", "a \"b\"\tc"},
         {{"odd-1", {0, 1}, 2}, {"odd-2", {0, 1}, 2}},
         true},
        {16412, "public", "empty", {"id"}, {{"", {0, 0}, 1}}},
        {16415, "public", "no_columns", {}, {{"no_columns", {0, 1}, 3}}},
    };
}

inline std::string GoldenRows(const std::string& file) {
    return file.empty() ? "" : GoldenText("source/" + file + ".rows");
}

inline const std::string kGoldenGlobals = "CREATE ROLE golden_reader NOLOGIN;\n";
inline const std::string kGoldenDatabase =
    "CREATE DATABASE :\"db\" WITH TEMPLATE = template0 ENCODING = 'UTF8' LOCALE_PROVIDER = libc "
    "LC_COLLATE = 'C' LC_CTYPE = 'C';\n"
    "COMMENT ON DATABASE :\"db\" IS 'from a golden store';\n";
inline const std::string kGoldenSequences =
    "SELECT pg_catalog.setval('public.orders_id_seq', 120, true);\n";
inline const std::string kGoldenLargeObjects =
    "SELECT pg_catalog.lo_create(4711);\n"
    "SELECT pg_catalog.lo_put(4711, 0, '\\x61206c61726765206f626a6563743a2064c3a96ac3a0207675');\n"
    "COMMENT ON LARGE OBJECT 4711 IS 'it has a comment';\n";

} // namespace lifeboat::test
