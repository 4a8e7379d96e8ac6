// What backup_health has to say: one row per finding.
#pragma once

#include "pg/catalog/repository.h"
#include "pg/sql/call.h"

namespace lifeboat::pg {

inline constexpr const char* kOk = "ok";
inline constexpr const char* kWarning = "warning";
inline constexpr const char* kCritical = "critical";

// The findings of one check. A subject about which nothing is found is Ok().
class Findings {
public:
    Findings(ResultSet& result, std::string check) : result_(result), check_(std::move(check)) {}
    void Add(const std::string& subject, const char* status, const std::string& detail,
             const std::string& hint = {}) {
        result_.Add({check_, subject, std::string(status), detail, NullIfEmpty(hint)});
        found_ = found_ || status != kOk;
    }
    // Nothing was found about this subject.
    void Ok(const std::string& subject, const std::string& detail) {
        if (!found_) Add(subject, kOk, detail);
        found_ = false;
    }

private:
    ResultSet& result_;
    std::string check_;
    bool found_ = false;
};

// Schedules, damaged backups, copies that are late.
void CheckSchedules(const Home& home, ResultSet& result);
void CheckBackups(const Home& home, ResultSet& result);
void CheckCopies(const Home& home, ResultSet& result);

} // namespace lifeboat::pg
