#include "cli/terminal.h"

#include <fcntl.h>
#include <termios.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "core/base/bytes.h"
#include "core/base/unique_fd.h"
#include "core/crypto/key.h"
#include "core/io/stream.h"

namespace lifeboat::cli {
namespace {

bool notes_silenced = false;

void PrintLine(std::string_view label, std::string_view text) {
    if (text.empty()) return;
    std::string line = ::isatty(STDERR_FILENO) != 0 ? "\r\x1b[K" : ""; // over a progress bar
    if (label != "detail" && label != "hint") line += "lifeboat: ";
    line.append(label).append(": ").append(text).append("\n");
    std::fwrite(line.data(), 1, line.size(), stderr);
    std::fflush(stderr);
}

// Columns on the screen: UTF-8 continuation bytes take none.
size_t Width(std::string_view text) {
    return static_cast<size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// Puts the terminal back however the reading ends.
class EchoOff {
public:
    explicit EchoOff(int fd) : fd_(fd), valid_(tcgetattr(fd, &saved_) == 0) {
        if (!valid_) return;
        termios silent = saved_;
        silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        tcsetattr(fd_, TCSAFLUSH, &silent);
    }
    EchoOff(const EchoOff&) = delete;
    EchoOff& operator=(const EchoOff&) = delete;
    ~EchoOff() {
        if (valid_) tcsetattr(fd_, TCSAFLUSH, &saved_);
    }

private:
    int fd_;
    termios saved_{};
    bool valid_;
};

std::string ReadLine(int fd, Interrupt& interrupt) {
    std::string line;
    for (;;) {
        char c = 0;
        const ssize_t got = ::read(fd, &c, 1);
        if (got < 0 && errno == EINTR) {
            interrupt.Check();
            continue;
        }
        if (got <= 0 || c == '\n') return line;
        line.push_back(c);
    }
}

} // namespace

void PrintError(const Error& error) {
    PrintLine("error", error.message());
    PrintLine("detail", error.detail());
    PrintLine("hint", error.hint());
}
void PrintWarning(std::string_view message) { PrintLine("warning", message); }
void PrintNote(std::string_view message) {
    if (!notes_silenced) PrintLine("note", message);
}
void SilenceNotes() { notes_silenced = true; }

void PrintOut(std::string_view text) {
    FdSink out(STDOUT_FILENO, "standard output");
    out.Write(AsBytes(text));
}

std::string TextTable::Text() const {
    std::vector<size_t> widths;
    for (size_t i = 0; i < columns_.size(); ++i) {
        size_t width = Width(columns_[i].title);
        for (const auto& row : rows_) width = std::max(width, Width(row[i]));
        widths.push_back(width);
    }
    std::string text;
    const auto add_row = [&](const auto& cell_of) {
        std::string line;
        for (size_t i = 0; i < columns_.size(); ++i) {
            const std::string& cell = cell_of(i);
            const std::string padding(widths[i] - Width(cell), ' ');
            line += columns_[i].right ? padding + cell : cell + padding;
            line += "  ";
        }
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + "\n";
    };
    add_row([&](size_t i) -> const std::string& { return columns_[i].title; });
    for (const auto& row : rows_) add_row([&](size_t i) -> const std::string& { return row[i]; });
    return text;
}

std::string GroupedNumber(unsigned long long number) {
    std::string digits = std::to_string(number);
    for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
        digits.insert(static_cast<size_t>(at), ",");
    }
    return digits;
}

bool HasTerminal() { return UniqueFd(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)).valid(); }

std::string AskSecret(std::string_view prompt, std::string_view hint, Interrupt& interrupt) {
    const UniqueFd tty(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
    if (!tty.valid()) {
        throw Error(Errc::KeyMissing, "a passphrase is needed and there is no terminal to ask on",
                    {}, std::string(hint));
    }
    FdSink out(tty.get(), "/dev/tty");
    std::string secret;
    {
        const EchoOff silent(tty.get()); // before the prompt: it drops what was typed so far
        out.Write(AsBytes(prompt));
        secret = ReadLine(tty.get(), interrupt);
    }
    out.Write(AsBytes("\n"));
    return secret;
}

} // namespace lifeboat::cli
