// The error of everything that is read from a store and is not as it must be.
#pragma once

#include <string>
#include <string_view>

namespace lifeboat {

// Error(Damaged): "<what> is damaged", with what was expected and what was found as detail.
[[noreturn]] void ThrowDamaged(std::string_view what, std::string detail);

} // namespace lifeboat
