#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "metrics/catalog.h"

namespace scidex::metrics {
namespace {

// "`pool`; `how` = reported, set, transaction". The values of `pool` are omitted.
std::string LabelsText(const Family& family) {
  std::string text;
  for (const Dimension& dimension : family.Dimensions()) {
    if (!text.empty()) text += "; ";
    text += '`';
    text += dimension.label;
    text += '`';
    if (dimension.label == "pool") continue;
    const std::vector<std::string> values = dimension.Values({});
    for (std::size_t i = 0; i < values.size() && dimension.given == nullptr; ++i) {
      text += i == 0 ? " = " : ", ";
      text += values[i];
    }
  }
  return text;
}

std::string_view TypeName(Type type) {
  constexpr std::array<std::string_view, 3> kNames{"counter", "gauge", "histogram"};
  return kNames[static_cast<std::size_t>(type)];
}

}  // namespace

std::string CatalogAsMarkdown() {
  std::string text = "| name | type | labels | meaning |\n|---|---|---|---|\n";
  for (const Family& family : Catalog()) {
    text += "| `";
    text += family.name;
    text += "` | ";
    text += TypeName(family.type);
    text += " | " + LabelsText(family) + " | ";
    text += family.help;
    text += " |\n";
  }
  return text;
}

}  // namespace scidex::metrics
