// COPY TEXT, the encoding of one value: backslash, newline, carriage return, tab, backspace, form
// feed and vertical tab are written with a backslash, as CopyAttributeOutText
// (src/backend/commands/copyto.c) does; NULL is \N.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lifeboat {

// How many bytes at the head of `text` can be copied as they are.
size_t PlainPrefix(const char* text, size_t length) noexcept;

// Writes the escaped form of text[0, length) to `out`, which has room for 2 * length bytes; returns
// the bytes written.
size_t EscapeCopyText(const char* text, size_t length, char* out) noexcept;

void AppendCopyText(std::string& out, std::string_view text);
// The inverse, for toc fields. nullopt for a lone trailing backslash or an unknown escape.
std::optional<std::string> UnescapeCopyText(std::string_view text);

} // namespace lifeboat
