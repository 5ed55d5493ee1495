#include "metrics/catalog.h"

#include <algorithm>
#include <regex>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/golden.h"

namespace scidex::metrics {
namespace {

using testing::IsEmpty;

const Family& Find(std::string_view name) {
  const std::span<const Family> catalog = Catalog();
  const auto found = std::find_if(catalog.begin(), catalog.end(),
                                  [name](const Family& family) { return family.name == name; });
  if (found == catalog.end()) throw std::out_of_range(std::string(name));
  return *found;
}

TEST(Catalog, NamesAreUniqueAndObeyPrometheusRules) {
  const std::regex rule("(scidex_pg_pool|scidex_pg_query|scidex_pg_exporter|process)(_[a-z0-9]+)+");
  std::set<std::string_view> names;
  for (const Family& family : Catalog()) {
    EXPECT_TRUE(std::regex_match(std::string(family.name), rule)) << family.name;
    EXPECT_TRUE(names.insert(family.name).second) << family.name << " is there twice";
  }
}

TEST(Catalog, TotalEndsTheNamesOfCountersAndOfNothingElse) {
  for (const Family& family : Catalog()) {
    EXPECT_EQ(family.name.ends_with("_total"), family.type == Type::kCounter) << family.name;
    for (const char* suffix : {"_count", "_sum", "_bucket"}) {
      EXPECT_FALSE(family.name.ends_with(suffix)) << family.name;
    }
  }
}

TEST(Catalog, UnitsAreBaseUnitsAndEndTheName) {
  for (const Family& family : Catalog()) {
    std::string_view name = family.name;
    if (family.type == Type::kCounter) name.remove_suffix(std::string_view("_total").size());
    for (const std::string_view unit : {"seconds", "bytes"}) {
      EXPECT_EQ(name.ends_with("_" + std::string(unit)), family.unit == unit) << family.name;
    }
    EXPECT_TRUE(family.unit.empty() || family.unit == "seconds" || family.unit == "bytes");
  }
}

TEST(Catalog, HistogramsAndOnlyTheyHaveADistribution) {
  for (const Family& family : Catalog()) {
    EXPECT_EQ(std::holds_alternative<Distribution>(family.value), family.type == Type::kHistogram)
        << family.name;
  }
}

TEST(Catalog, HelpIsASentenceOfItsOwn) {
  std::set<std::string_view> texts;
  for (const Family& family : Catalog()) {
    EXPECT_TRUE(std::regex_match(std::string(family.help), std::regex("[A-Z0-9][^|\n]+\\.")))
        << family.name;
    EXPECT_EQ(family.help.find("  "), std::string_view::npos) << family.name;
    EXPECT_TRUE(texts.insert(family.help).second) << family.name << " has the help of another";
  }
}

TEST(Catalog, LabelsObeyPrometheusRules) {
  for (const Family& family : Catalog()) {
    std::set<std::string_view> labels;
    for (const Dimension& dimension : family.Dimensions()) {
      EXPECT_TRUE(std::regex_match(std::string(dimension.label), std::regex("[a-z]+")));
      EXPECT_NE(dimension.label, "le");
      EXPECT_TRUE(labels.insert(dimension.label).second) << family.name;
    }
  }
}

TEST(Catalog, TheGaugesOfTheReplacedSystemKeepTheirNamesAndHaveNoLabels) {
  for (const char* name :
       {"scidex_pg_pool_ro_size", "scidex_pg_pool_ro_available",
        "scidex_pg_pool_ro_requests_waiting", "scidex_pg_pool_ro_fallthrough_size",
        "scidex_pg_pool_ro_fallthrough_available", "scidex_pg_pool_ro_routes_to"}) {
    const Family& family = Find(name);
    EXPECT_EQ(family.type, Type::kGauge) << name;
    EXPECT_THAT(family.Dimensions(), IsEmpty()) << name;
  }
}

TEST(Catalog, TheReferencePageHasTheTable) {
  const std::string path = SCIDEX_SOURCE_DIR "/docs/metrics.md";
  const std::string begin = "<!-- metrics:begin -->\n";
  const std::string end = "<!-- metrics:end -->\n";
  std::string readme = test::ReadAll(path);
  const std::size_t from = readme.find(begin);
  const std::size_t to = readme.find(end);
  ASSERT_NE(from, std::string::npos) << path << " lacks " << begin;
  ASSERT_NE(to, std::string::npos) << path << " lacks " << end;
  const std::size_t start = from + begin.size();
  ASSERT_LE(start, to);
  if (test::UpdateGolden()) {
    readme.replace(start, to - start, CatalogAsMarkdown());
    test::WriteAll(path, readme);
    return;
  }
  EXPECT_EQ(readme.substr(start, to - start), CatalogAsMarkdown())
      << "SCIDEX_UPDATE_GOLDEN=1 writes the table into docs/metrics.md";
}

}  // namespace
}  // namespace scidex::metrics
