// Any Accept header chooses something that is offered.

#include <array>

#include "fuzz/property.h"
#include "http/accept.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace scidex;
  constexpr std::array<std::string_view, 2> kOffers{
      "text/plain; version=0.0.4; charset=utf-8",
      "application/openmetrics-text; version=1.0.0; charset=utf-8"};
  const std::string text = fuzz::Text(data, size);
  const std::size_t chosen = http::Preferred(text, kOffers);
  fuzz::Expect(chosen < kOffers.size(), "one of the offers is chosen");
  // An offer that the header does not name can only be chosen through a wildcard, or as the
  // default.
  if (chosen == 1) {
    bool named = false;
    for (std::size_t i = 0; i < text.size(); ++i) named = named || text[i] == '*' || text[i] == '/';
    fuzz::Expect(named, "the second offer is asked for", text);
  }
  if (http::AcceptsGzip(text)) {
    fuzz::Expect(!text.empty(), "gzip is asked for");
  }
  return 0;
}
