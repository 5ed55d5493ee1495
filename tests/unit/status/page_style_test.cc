#include "status/page_style.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <map>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace scidex::status {
namespace {

// Of a colour "#rrggbb", as defined by WCAG 2.
double Luminance(const std::string& colour) {
  constexpr std::array<double, 3> kWeights{0.2126, 0.7152, 0.0722};
  double luminance = 0;
  for (std::size_t i = 0; i < kWeights.size(); ++i) {
    const double value = std::stoi(colour.substr(1 + 2 * i, 2), nullptr, 16) / 255.0;
    luminance +=
        kWeights[i] * (value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4));
  }
  return luminance;
}

double Contrast(const std::string& a, const std::string& b) {
  const double one = Luminance(a);
  const double other = Luminance(b);
  return (std::max(one, other) + 0.05) / (std::min(one, other) + 0.05);
}

std::map<std::string, std::string> Colours(const std::string& style) {
  std::map<std::string, std::string> colours;
  const std::regex variable("--([a-z-]+): (#[0-9a-f]{6});");
  for (std::sregex_iterator it(style.begin(), style.end(), variable), end; it != end; ++it) {
    colours[(*it)[1]] = (*it)[2];
  }
  return colours;
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

// In the light and the dark scheme.
void ExpectContrast(const Pairs& pairs, double least) {
  const std::string style(kPageStyle);
  const std::size_t dark = style.find("@media (prefers-color-scheme: dark)");
  ASSERT_NE(dark, std::string::npos);
  for (const std::string& part : {style.substr(0, dark), style.substr(dark)}) {
    const std::map<std::string, std::string> colours = Colours(part);
    for (const auto& [one, other] : pairs)
      EXPECT_GE(Contrast(colours.at(one), colours.at(other)), least) << one << " on " << other;
  }
}

TEST(PageStyle, TextContrastsWithItsBackgroundInLightAndInDark) {
  ExpectContrast({{"text", "page"},
                  {"quiet", "page"},
                  {"link", "page"},
                  {"bad-text", "page"},
                  {"text", "card"},
                  {"good-text", "good"},
                  {"bad-text", "bad"},
                  {"off-text", "off"}},
                 4.5);
}

TEST(PageStyle, EachPartOfABarContrastsWithWhatIsBesideIt) {
  ExpectContrast({{"bar", "page"}, {"bar", "bar-soft"}, {"quiet", "page"}}, 3);
}

}  // namespace
}  // namespace scidex::status
