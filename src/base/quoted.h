// Text in double quotes, safe within one line of logfmt or JSON.
#pragma once

#include <string>
#include <string_view>

namespace scidex::base {

// `text` as a JSON string. Quotes, backslashes, control characters, line separators and characters
// that change the direction of text are escaped, and each byte that is not UTF-8 becomes U+FFFD, so
// that parsers and terminals can handle any text from a server or a client.
std::string Quoted(std::string_view text);

// The same without quotes; quotes and backslashes are not escaped. For a line of text.
std::string OneLine(std::string_view text);

// Returns whether `text`, found where another value belongs, looks like a connection string or a
// key, and therefore must not be repeated in a message.
bool MayHoldASecret(std::string_view text);

// Such a value in a message: in double quotes, or "this" in place of a secret or of a text longer
// than 1 KiB.
std::string QuotedUnlessSecret(std::string_view text);

// The same for a part of a text, which is only shown if the whole may be: otherwise `name`.
std::string QuotedPart(std::string_view part, std::string_view whole, std::string_view name);

// Returns whether `text`, found where a path belongs, can be one: it has no line feed, and is
// neither a key in PEM format nor a connection string with a password.
bool MayBeAPath(std::string_view text);

// A path in a message: as it is, or "this file" in place of a secret.
std::string ShownPath(std::string_view path);

// Returns whether `text` needs no quotes in a logfmt line.
bool IsBareWord(std::string_view text);

}  // namespace scidex::base
