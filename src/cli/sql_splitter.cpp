#include "cli/sql_splitter.h"

#include <cctype>
#include <cstring>

#include "core/base/error.h"

namespace lifeboat::cli {
namespace {

bool IsIdentifierByte(char c) noexcept {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' ||
           (static_cast<unsigned char>(c) & 0x80) != 0;
}

bool IsBlank(char c) noexcept {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

bool IsDollarTag(std::string_view text) noexcept { // between the two $
    if (text.empty()) return true;
    if (std::isdigit(static_cast<unsigned char>(text.front())) != 0) return false;
    for (const char c : text) {
        if (!IsIdentifierByte(c)) return false;
    }
    return true;
}

} // namespace

void SqlSplitter::Write(Bytes bytes) {
    std::string_view text = AsText(bytes);
    while (!text.empty()) {
        if (state_ == State::kQuote &&
            text.front() != '\'') { // the long way of large objects, in one stride
            const size_t end = std::min(text.find('\''), text.size());
            statement_.append(text.substr(0, end));
            text.remove_prefix(end);
            continue;
        }
        Step(text.front());
        text.remove_prefix(1);
    }
}

void SqlSplitter::Step(char c) {
    switch (state_) {
    case State::kPlain: StepPlain(c); return;
    case State::kLineComment:
        if (c == '\n') {
            statement_.push_back('\n');
            state_ = State::kPlain;
        }
        return;
    case State::kBlockComment:
        if (comment_last_ == '/' && c == '*') {
            ++comment_depth_;
            c = 0;
        } else if (comment_last_ == '*' && c == '/') {
            c = 0;
            if (--comment_depth_ == 0) {
                statement_.push_back(' ');
                state_ = State::kPlain;
            }
        }
        comment_last_ = c;
        return;
    case State::kQuote:
        statement_.push_back(c);
        if (c == '\'') state_ = State::kPlain;
        return;
    case State::kEscapeQuote:
        statement_.push_back(c);
        if (escaped_) {
            escaped_ = false;
        } else if (c == '\\') {
            escaped_ = true;
        } else if (c == '\'') {
            escape_quote_end_ = statement_.size();
            state_ = State::kPlain;
        }
        return;
    case State::kIdentifier:
        statement_.push_back(c);
        if (c == '"') CloseIdentifier();
        return;
    case State::kDollar:
        statement_.push_back(c);
        if (c == '$' && statement_.size() >= content_from_ + dollar_tag_.size() &&
            statement_.ends_with(dollar_tag_)) {
            state_ = State::kPlain;
            dollar_from_ = std::string::npos;
        }
        return;
    case State::kMetaCommand:
        if (c == '\n') {
            EndMetaCommand();
        } else {
            meta_command_.push_back(c);
        }
        return;
    }
}

void SqlSplitter::StepPlain(char c) {
    switch (c) {
    case '\'': OpenQuote(); return;
    case '"':
        content_from_ = statement_.size();
        state_ = State::kIdentifier;
        break;
    case '$': StepDollarSign(); return;
    case ';': EndStatement(); return;
    case '\\': BeginMetaCommand(); return;
    case '-':
        if (Last() != '-') break;
        statement_.pop_back();
        state_ = State::kLineComment;
        return;
    case '*':
        if (Last() != '/') break;
        statement_.pop_back();
        comment_depth_ = 1;
        comment_last_ = 0;
        state_ = State::kBlockComment;
        return;
    default: break;
    }
    if (!IsIdentifierByte(c)) dollar_from_ = std::string::npos;
    statement_.push_back(c);
}

void SqlSplitter::StepDollarSign() {
    if (dollar_from_ != std::string::npos &&
        IsDollarTag(std::string_view(statement_).substr(dollar_from_ + 1))) {
        statement_.push_back('$');
        dollar_tag_ = statement_.substr(dollar_from_);
        content_from_ = statement_.size();
        state_ = State::kDollar;
        return;
    }
    const bool within_name = IsIdentifierByte(Last()) || Last() == '$';
    dollar_from_ = within_name ? std::string::npos : statement_.size();
    statement_.push_back('$');
}

void SqlSplitter::OpenQuote() {
    const bool goes_on = escape_quote_end_ == statement_.size();
    const bool after_e = Last() == 'e' || Last() == 'E';
    const bool alone =
        statement_.size() < 2 || !IsIdentifierByte(statement_[statement_.size() - 2]);
    state_ = goes_on || (after_e && alone) ? State::kEscapeQuote : State::kQuote;
    statement_.push_back('\'');
}

void SqlSplitter::CloseIdentifier() {
    state_ = State::kPlain;
    constexpr std::string_view kVariable = ":\"db\"";
    if (database_.empty() || content_from_ == 0 || statement_[content_from_ - 1] != ':') return;
    if (std::string_view(statement_).substr(content_from_ - 1) != kVariable) return;
    statement_.replace(content_from_ - 1, kVariable.size(), database_);
}

void SqlSplitter::BeginMetaCommand() {
    for (size_t i = statement_.size(); i > 0 && statement_[i - 1] != '\n'; --i) {
        if (!IsBlank(statement_[i - 1])) {
            throw Error(Errc::Damaged, what_ + " has a backslash outside quotes");
        }
    }
    meta_command_.clear();
    state_ = State::kMetaCommand;
}

void SqlSplitter::EndMetaCommand() {
    if (!meta_command_.starts_with("restrict ") && !meta_command_.starts_with("unrestrict ")) {
        throw Error(Errc::Damaged, what_ + " has a backslash outside quotes",
                    "The line is \"\\" + Printable(meta_command_) + "\".");
    }
    state_ = State::kPlain;
}

void SqlSplitter::EndStatement() {
    size_t from = 0;
    while (from < statement_.size() && IsBlank(statement_[from])) ++from;
    size_t end = statement_.size();
    while (end > from && IsBlank(statement_[end - 1])) --end;
    statement_.erase(end);
    statement_.erase(0, from);
    if (!statement_.empty()) callback_(statement_);
    statement_.clear();
    dollar_from_ = std::string::npos;
    escape_quote_end_ = std::string::npos;
}

void SqlSplitter::Finish() {
    if (state_ == State::kMetaCommand) EndMetaCommand();
    if (state_ != State::kPlain && state_ != State::kLineComment) {
        throw Error(Errc::Damaged, what_ + " ends inside quotes or a comment");
    }
    EndStatement();
}

std::vector<std::string> SplitSql(std::string_view sql, std::string_view what,
                                  std::string_view database) {
    std::vector<std::string> statements;
    SqlSplitter splitter(std::string(what), [&](std::string& statement) {
        statements.push_back(std::move(statement));
    });
    splitter.SetDatabase(std::string(database));
    splitter.Write(AsBytes(sql));
    splitter.Finish();
    return statements;
}

std::string QuoteName(std::string_view name) {
    std::string quoted = "\"";
    for (const char c : name) {
        if (c == '"') quoted.push_back('"');
        quoted.push_back(c);
    }
    return quoted + "\"";
}

bool BeginsWithWords(std::string_view statement, std::string_view words) {
    size_t at = 0;
    for (const char c : words) {
        if (c == ' ') {
            const size_t before = at;
            while (at < statement.size() && IsBlank(statement[at])) ++at;
            if (at == before) return false;
            continue;
        }
        if (at == statement.size() || std::toupper(static_cast<unsigned char>(statement[at])) != c)
            return false;
        ++at;
    }
    return at == statement.size() || !IsIdentifierByte(statement[at]);
}

} // namespace lifeboat::cli
