#include "cli/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "cli/json_text.h"
#include "cli/terminal.h"

namespace lifeboat::cli {
namespace {

using std::chrono::milliseconds;

size_t TerminalWidth() {
    winsize size{};
    if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 20) return 79;
    return size.ws_col - 1U;
}

milliseconds Interval(Progress::Style style) {
    switch (style) {
    case Progress::Style::kBar: return milliseconds(200);
    case Progress::Style::kJson: return milliseconds(1000);
    default: return milliseconds(5000);
    }
}

std::string Duration(double seconds) {
    const auto whole = std::lround(std::max(0.0, seconds));
    if (whole < 60) return std::to_string(whole) + " s";
    const std::string rest = std::to_string(whole % 60);
    if (whole < 3600) return std::to_string(whole / 60) + " min " + rest + " s";
    return std::to_string(whole / 3600) + " h " + std::to_string(whole / 60 % 60) + " min";
}

} // namespace

Progress::Style Progress::StyleFor(const OutputArguments& output, bool json) {
    if (json) return Style::kJson;
    if (output.quiet || output.no_progress) return Style::kNone;
    return ::isatty(STDERR_FILENO) != 0 ? Style::kBar : Style::kLines;
}

void Progress::SetRelation(const std::string& relation) {
    const std::lock_guard lock(mutex_);
    relation_ = relation;
}

void Progress::SetPhase(const std::string& phase) {
    phase_ = phase;
    SetRelation({});
    Print(true);
}

void Progress::Tick() {
    if (style_ == Style::kNone) return;
    const auto now = std::chrono::steady_clock::now();
    if (printed_.time_since_epoch().count() == 0) printed_ = now;
    if (now - printed_ >= Interval(style_)) Print(false);
}

void Progress::Done() {
    phase_ = "done";
    SetRelation({});
    ClearBar();
    if (style_ == Style::kJson) Print(true);
}

double Progress::seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
}

void Progress::Print(bool phase_changed) {
    if (style_ == Style::kNone || (phase_changed && style_ == Style::kLines)) return;
    printed_ = std::chrono::steady_clock::now();
    if (style_ == Style::kJson) {
        PrintOut(Json() + "\n");
        return;
    }
    std::string line = Line();
    if (style_ == Style::kBar) {
        line.resize(std::min(line.size(), TerminalWidth()));
        std::fprintf(stderr, "\r\x1b[K%s", line.c_str());
        bar_drawn_ = true;
    } else {
        std::fprintf(stderr, "lifeboat: %s\n", line.c_str());
    }
    std::fflush(stderr);
}

void Progress::ClearBar() {
    if (!bar_drawn_) return;
    std::fputs("\r\x1b[K", stderr);
    std::fflush(stderr);
    bar_drawn_ = false;
}

std::string Progress::Line() {
    const uint64_t done = bytes;
    const double elapsed = std::max(0.001, seconds());
    const double speed = static_cast<double>(done) / elapsed;
    std::string line = phase_;
    if (total_ > 0) {
        const uint64_t percent = std::min<uint64_t>(100, done * 100 / total_);
        if (style_ == Style::kBar) {
            const auto filled = static_cast<size_t>(percent / 5);
            line += " [" + std::string(filled, '#') + std::string(20 - filled, '.') + "]";
        }
        line += " " + std::to_string(percent) + " % of " + HumanBytes(total_) + ", " +
                HumanBytes(static_cast<uint64_t>(speed)) + "/s";
        if (done > 0 && done < total_)
            line += ", " + Duration(static_cast<double>(total_ - done) / speed) + " left";
    }
    const std::lock_guard lock(mutex_);
    if (!relation_.empty()) line += ", " + relation_;
    return line;
}

std::string Progress::Json() {
    cli::Json json;
    json["phase"] = phase_;
    json["bytes_done"] = bytes.load();
    json["bytes_total"] = total_;
    json["rows"] = rows.load();
    const std::lock_guard lock(mutex_);
    json["relation"] = relation_;
    return JsonLine(json);
}

} // namespace lifeboat::cli
