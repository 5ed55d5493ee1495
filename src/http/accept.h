// Content negotiation by the Accept and Accept-Encoding headers.
// https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace scidex::http {

// Returns the index of the offer with the highest quality; of equal ones, the one that the client
// names first. `offers` are media types with their parameters, as in Content-Type; at least one,
// the default first. A range matches an offer if its type does and every parameter that both have
// has the same value. Returns 0 if the client accepts no offer: a response of another type serves
// it better than none.
std::size_t Preferred(std::string_view accept, std::span<const std::string_view> offers);

// Whether an Accept-Encoding header allows gzip.
bool AcceptsGzip(std::string_view accept_encoding);

}  // namespace scidex::http
