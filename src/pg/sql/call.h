// Arguments in and rows out of SQL functions, as C++ values.
#pragma once

#include "pg/bridge/query.h"

extern "C" {
#include <funcapi.h>
}

namespace lifeboat::pg {

class Call {
public:
    explicit Call(FunctionCallInfo info) : info_(info) {}
    [[nodiscard]] bool IsNull(int argument) const { return info_->args[argument].isnull; }
    // Any type, as its output function writes it; nullopt when NULL.
    [[nodiscard]] Value Get(int argument) const;
    // Error(InvalidValue) naming `what` when NULL.
    [[nodiscard]] std::string Text(int argument, const char* what) const;
    [[nodiscard]] bool Bool(int argument, bool otherwise = false) const;
    [[nodiscard]] int64_t Int(int argument, int64_t otherwise) const; // integer and bigint
    [[nodiscard]] std::vector<std::string> TextArray(int argument, const char* what) const;
    [[nodiscard]] Datum Raw(int argument) const { return info_->args[argument].value; }
    [[nodiscard]] FunctionCallInfo info() const { return info_; }
    // The argument was left to its default current_database() (or is just that).
    [[nodiscard]] bool IsCurrentDatabase(int argument) const;

private:
    [[nodiscard]] Oid TypeOf(int argument) const;
    FunctionCallInfo info_;
};

// The rows of a set-returning function, from text. Ends with Done().
class ResultSet {
public:
    explicit ResultSet(FunctionCallInfo info);
    void Add(const Row& row);
    [[nodiscard]] Datum Done() const {
        info_->isnull = true;
        return Datum{0};
    }

private:
    FunctionCallInfo info_;
    ReturnSetInfo* set_;
    AttInMetadata* input_;
};

inline std::string BoolText(bool value) { return value ? "t" : "f"; }
// For an interval column.
std::string SecondsText(double seconds);
// Says it to the caller at once.
void Notice(const std::string& message, const std::string& hint = {});

} // namespace lifeboat::pg
