#include "http/accept.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "http/equal_fold.h"

namespace scidex::http {
namespace {

std::string_view Trimmed(std::string_view text) {
  const std::size_t from = text.find_first_not_of(" \t");
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(" \t") - from + 1);
}

// The parts between separators outside quotes.
std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  bool quoted = false;
  std::size_t from = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && quoted) {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (text[i] == separator && !quoted) {
      parts.push_back(Trimmed(text.substr(from, i - from)));
      from = i + 1;
    }
  }
  parts.push_back(Trimmed(text.substr(from)));
  return parts;
}

std::string_view Unquoted(std::string_view value) {
  const bool quoted = value.size() >= 2 && value.front() == '"' && value.back() == '"';
  return quoted ? value.substr(1, value.size() - 2) : value;
}

// A media type, media range or content coding, with its quality.
struct Item {
  std::string_view name;
  std::vector<std::pair<std::string_view, std::string_view>> parameters;
  double quality = 1;
};

// Empty if invalid; a quality is 0 to 1 with at most three decimals.
std::optional<double> Quality(std::string_view text) {
  double value = -1;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (!whole || text.size() > 5 || !(value >= 0 && value <= 1)) return std::nullopt;
  return value;
}

std::optional<Item> Parse(std::string_view text) {
  const std::vector<std::string_view> parts = Split(text, ';');
  Item item;
  item.name = parts.front();
  if (item.name.empty()) return std::nullopt;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const std::size_t equals = parts[i].find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view key = Trimmed(parts[i].substr(0, equals));
    const std::string_view value = Unquoted(Trimmed(parts[i].substr(equals + 1)));
    if (!EqualFold(key, "q")) {
      item.parameters.emplace_back(key, value);
      continue;
    }
    const std::optional<double> quality = Quality(value);
    if (!quality) return std::nullopt;
    item.quality = *quality;
  }
  return item;
}

std::vector<Item> ParseList(std::string_view text) {
  std::vector<Item> items;
  for (const std::string_view part : Split(text, ',')) {
    if (std::optional<Item> item = Parse(part)) items.push_back(std::move(*item));
  }
  return items;
}

// How specifically a range matches an offer: empty if it does not, 0 for */*, 1 for type/*, 2 for
// the type, plus one for each matching parameter.
std::optional<std::size_t> Specificity(const Item& range, const Item& offer) {
  std::size_t specificity = 0;
  const std::size_t slash = offer.name.find('/');
  if (EqualFold(range.name, offer.name)) {
    specificity = 2;
  } else if (range.name != "*/*") {
    const bool any_subtype =
        range.name.ends_with("/*") &&
        EqualFold(range.name.substr(0, range.name.size() - 2), offer.name.substr(0, slash));
    if (!any_subtype) return std::nullopt;
    specificity = 1;
  }
  for (const auto& [key, value] : range.parameters) {
    for (const auto& [offered, its_value] : offer.parameters) {
      if (!EqualFold(key, offered)) continue;
      if (!EqualFold(value, its_value)) return std::nullopt;
      ++specificity;
    }
  }
  return specificity;
}

// From the most specific of the ranges that match an offer.
struct Preference {
  double quality = 0;
  std::size_t place = 0;
};

Preference PreferenceOf(const std::vector<Item>& ranges, const Item& offer) {
  Preference preference;
  std::optional<std::size_t> narrowest;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const std::optional<std::size_t> specificity = Specificity(ranges[i], offer);
    if (!specificity || (narrowest && *specificity <= *narrowest)) continue;
    narrowest = specificity;
    preference = {ranges[i].quality, i};
  }
  return preference;
}

}  // namespace

std::size_t Preferred(std::string_view accept, std::span<const std::string_view> offers) {
  const std::vector<Item> ranges = ParseList(accept);
  std::size_t preferred = 0;
  Preference best;
  for (std::size_t i = 0; i < offers.size(); ++i) {
    const Preference preference = PreferenceOf(ranges, *Parse(offers[i]));
    if (preference.quality > best.quality ||
        (preference.quality == best.quality && preference.quality > 0 &&
         preference.place < best.place)) {
      best = preference;
      preferred = i;
    }
  }
  return preferred;
}

bool AcceptsGzip(std::string_view accept_encoding) {
  std::optional<double> any;
  for (const Item& coding : ParseList(accept_encoding)) {
    if (EqualFold(coding.name, "gzip") || EqualFold(coding.name, "x-gzip"))
      return coding.quality > 0;
    if (coding.name == "*") any = coding.quality;
  }
  return any.value_or(0) > 0;
}

}  // namespace scidex::http
