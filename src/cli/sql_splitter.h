// SQL text, cut into statements as it flows by.
//
// Knows what PostgreSQL's lexer knows of quoting with standard_conforming_strings on: '…', E'…',
// "…", $tag$…$tag$, -- and nested
// /* */. Comments are dropped. A backslash outside quotes is where psql would run a command of its
// own: Error(Damaged), but for lines
// `\restrict KEY` and `\unrestrict KEY`, which recent versions of pg_dump write for psql and which
// are dropped.
#pragma once

#include <functional>
#include <string>

#include "core/io/stream.h"

namespace lifeboat::cli {

class SqlSplitter final : public Sink {
public:
    // Called for each statement, without semicolon, comments around it and outer blanks; never for
    // an empty one.
    using Callback = std::function<void(std::string& statement)>;
    // `what` names the text in errors.
    SqlSplitter(std::string what, Callback callback)
        : what_(std::move(what)), callback_(std::move(callback)) {}

    // The variable :"db" stands for this identifier, quoted already. (Nothing else is a variable.)
    void SetDatabase(std::string quoted_name) { database_ = std::move(quoted_name); }

    void Write(Bytes bytes) override;
    // A last statement may lack its semicolon; Error(Damaged) inside quotes or a comment.
    void Finish() override;

private:
    enum class State {
        kPlain,
        kLineComment,
        kBlockComment,
        kQuote,
        kEscapeQuote,
        kIdentifier,
        kDollar,
        kMetaCommand
    };

    void Step(char c);
    void StepPlain(char c);
    void StepDollarSign();
    void OpenQuote();
    void CloseIdentifier();
    void BeginMetaCommand();
    void EndMetaCommand();
    void EndStatement();
    [[nodiscard]] char Last() const noexcept {
        return statement_.empty() ? '\n' : statement_.back();
    }

    std::string what_;
    Callback callback_;
    std::string database_;
    State state_ = State::kPlain;
    std::string statement_;
    std::string meta_command_;
    std::string dollar_tag_;
    size_t dollar_from_ = std::string::npos; // where a possible $tag$ begins
    size_t content_from_ = 0;                // where quoted content begins
    int comment_depth_ = 0;
    char comment_last_ = 0;
    bool escaped_ = false; // after a backslash in E'…'
    size_t escape_quote_end_ =
        std::string::npos; // E'…' ended here: a quote right after goes on with it
};

// All statements of a small text.
std::vector<std::string> SplitSql(std::string_view sql, std::string_view what,
                                  std::string_view database = {});

// Does the statement begin with these words? Blanks and letter case do not matter.
bool BeginsWithWords(std::string_view statement, std::string_view words);

// An identifier, always in double quotes.
std::string QuoteName(std::string_view name);

} // namespace lifeboat::cli
