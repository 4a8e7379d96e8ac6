// What `lifeboat --version` says.
#pragma once

namespace lifeboat::cli {

inline constexpr const char* kVersion = "0.1.0";

} // namespace lifeboat::cli
