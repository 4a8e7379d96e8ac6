// How a written file gets its name: at once, and never over another.
#pragma once

#include <string>

namespace lifeboat {

// Each gives the file `temporary` of `directory` the name `file` and takes the old name away; 0, or
// an errno (EEXIST when the name is taken). `fd` is the open file.
int PublishByLink(int directory, int fd, const std::string& temporary, const std::string& file);
int PublishByRename(int directory, const std::string& temporary, const std::string& file);
// The first, or the second where the file system knows no hard links.
int Publish(int directory, int fd, const std::string& temporary, const std::string& file);

} // namespace lifeboat
