// What the operating system says about a directory store, in words for the person who has to mend
// it.
#pragma once

#include <string>
#include <string_view>

#include "core/store/store.h"

namespace lifeboat {

struct DirFailure {
    std::string_view root;
    std::string_view action; // "create", "write", "open", "read", "list", "remove", "sync"
    std::string_view path;   // below the root; "" is the root itself
};

// The error for a failed system call.
StoreError DirError(const DirFailure& failure, int saved_errno);
// The root is not there (or is no directory).
StoreError RootError(std::string_view root, int saved_errno);
// Another directory lies at the root's path than the one that was opened.
StoreError RootReplaced(std::string_view root);
// Something lies where an object (`expected` = "a regular file") or a directory ("a directory")
// should be.
StoreError WrongType(std::string_view root, std::string_view path, std::string_view expected,
                     unsigned mode);

} // namespace lifeboat
