#include "core/format/damaged.h"

#include "core/base/error.h"

namespace lifeboat {

void ThrowDamaged(std::string_view what, std::string detail) {
    throw Error(Errc::Damaged, std::string(what) + " is damaged", std::move(detail));
}

} // namespace lifeboat
