// The terminal: messages, tables, secrets typed without echo. Data goes to stdout, everything else
// to stderr.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/base/interrupt.h"

namespace lifeboat::cli {

void PrintError(const Error& error);
void PrintWarning(std::string_view message);
void PrintNote(std::string_view message);
void SilenceNotes(); // --quiet

// To stdout; throws Error(StoreRefused) when stdout cannot take it.
void PrintOut(std::string_view text);

// A table with a header; numbers are set to the right. Cells must be printable already.
class TextTable {
public:
    struct Column {
        std::string title;
        bool right = false;
    };
    explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}
    void Add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
    [[nodiscard]] std::string Text() const;

private:
    std::vector<Column> columns_;
    std::vector<std::vector<std::string>> rows_;
};

// "1,234,567"
std::string GroupedNumber(unsigned long long number);

bool HasTerminal();
// From /dev/tty without echo. Error(KeyMissing) with `hint` when there is no terminal; the caller
// wipes the result.
std::string AskSecret(std::string_view prompt, std::string_view hint, Interrupt& interrupt);

} // namespace lifeboat::cli
