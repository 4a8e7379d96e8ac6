#include "core/base/closest_name.h"

#include <algorithm>

namespace lifeboat {
namespace {

constexpr size_t kCharactersPerSlip = 3;

// The distance of Damerau and Levenshtein, with three rows of its table.
size_t Slips(std::string_view a, std::string_view b) {
    std::vector<size_t> before(b.size() + 1);
    std::vector<size_t> last(b.size() + 1);
    std::vector<size_t> row(b.size() + 1);
    for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
    for (size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (size_t j = 1; j <= b.size(); ++j) {
            const size_t wrong = a[i - 1] == b[j - 1] ? 0 : 1;
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + wrong});
            const bool exchanged = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (exchanged) row[j] = std::min(row[j], before[j - 2] + 1);
        }
        before.swap(last);
        last.swap(row);
    }
    return last[b.size()];
}

} // namespace

std::optional<std::string> ClosestName(std::string_view typed,
                                       const std::vector<std::string>& names) {
    std::optional<std::string> closest;
    size_t fewest = std::max<size_t>(typed.size() / kCharactersPerSlip, 1) + 1;
    for (const std::string& name : names) {
        const size_t slips = Slips(typed, name);
        if (slips >= fewest || slips >= name.size()) continue;
        fewest = slips;
        closest = name;
    }
    return closest;
}

} // namespace lifeboat
