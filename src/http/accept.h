// Which of several representations a client wants, by its Accept header.
// https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace scidex::http {

// `offers` are media types with their parameters, as in Content-Type, the one that is given where
// the client has no wish first; at least one. The index of the offer with the highest quality; of
// equal ones the one that the client names first. A range names an offer if its type does and each
// of its parameters that the offer has too has the same value there. 0 where nothing that is
// offered is accepted: an answer of another kind than asked for serves a client better than none.
std::size_t Preferred(std::string_view accept, std::span<const std::string_view> offers);

// Whether an Accept-Encoding header allows gzip.
bool AcceptsGzip(std::string_view accept_encoding);

}  // namespace scidex::http
