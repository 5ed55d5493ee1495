// Text in double quotes, safe inside one line of logfmt or JSON.
#pragma once

#include <string>
#include <string_view>

namespace scidex::base {

// `text` as a JSON string: quotes, backslashes and control characters are escaped, those that end a
// line or turn its direction too, and each byte that is not UTF-8 becomes U+FFFD, so that a parser
// and a terminal take whatever a server or a client sent.
std::string Quoted(std::string_view text);

// The same without quotes, in which quotes and backslashes stay as they are: for a line of text.
std::string OneLine(std::string_view text);

// Whether `text`, which was written where something else belongs, looks like a connection string,
// and so must not be repeated in a message.
bool MayHoldASecret(std::string_view text);

// Such a text in a message: in double quotes, or "this".
std::string QuotedUnlessSecret(std::string_view text);

// Whether `text` may stand in a logfmt line without quotes.
bool IsBareWord(std::string_view text);

}  // namespace scidex::base
