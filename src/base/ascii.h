// Characters of ASCII, regardless of the locale.
#pragma once

namespace scidex::base {

// Also true of a tab and of the end of a line. Bytes of other UTF-8 characters are no controls.
constexpr bool IsControl(char c) { return (c >= '\0' && c < ' ') || c == '\x7f'; }

}  // namespace scidex::base
