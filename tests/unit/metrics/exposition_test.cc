#include "metrics/exposition.h"

#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>

#include "metrics/catalog.h"
#include "metrics/collectors.h"
#include "support/golden.h"
#include "support/log_tap.h"
#include "support/manual_clock.h"
#include "support/process.h"
#include "unit/metrics/distinct_sample.h"

namespace scidex::metrics {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kGolden = SCIDEX_SOURCE_DIR "/tests/unit/metrics/exposition.golden";
constexpr const char* kOpenMetricsGolden =
    SCIDEX_SOURCE_DIR "/tests/unit/metrics/exposition.openmetrics.golden";

// Fails at every call while `failing`.
class Fragile final : public prometheus::Collectable {
 public:
  std::vector<prometheus::MetricFamily> Collect() const override {
    if (failing) throw std::runtime_error("out of order");
    return {{"fragile", "Fragile.", prometheus::MetricType::Gauge, {prometheus::ClientMetric{}}}};
  }
  bool failing = true;
};

Sources SourcesOf(const Snapshot& snapshot) {
  return {[&snapshot] { return snapshot; }, [&snapshot] { return snapshot.exporter; },
          [&snapshot] { return snapshot.process; }};
}

// A scrape of the distinct sample. The previous scrape took 7 ms.
std::string RenderSample(TextFormat format = TextFormat::kPrometheus) {
  const DistinctSample sample = MakeDistinctSample();
  test::ManualClock clock;
  Sources sources = SourcesOf(sample.snapshot);
  sources.process = [&clock, process = sources.process] {
    clock.Advance(std::chrono::milliseconds(7));
    return process();
  };
  Exposition exposition(clock);
  AddCollectors(exposition, sources);
  exposition.Render();
  return exposition.Render(format);
}

// The lines that are not comments: series and value.
std::vector<std::pair<std::string, std::string>> Samples(const std::string& text) {
  std::vector<std::pair<std::string, std::string>> samples;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#')) continue;
    const std::size_t space = line.rfind(' ');
    samples.emplace_back(line.substr(0, space), line.substr(space + 1));
  }
  return samples;
}

TEST(Exposition, OfASampleIsTheGoldenOne) {
  const std::string text = RenderSample();
  if (test::UpdateGolden()) test::WriteAll(kGolden, text);
  EXPECT_EQ(text, test::ReadAll(kGolden)) << "SCIDEX_UPDATE_GOLDEN=1 writes " << kGolden;
}

TEST(Exposition, OfASampleInOpenMetricsIsTheGoldenOne) {
  const std::string text = RenderSample(TextFormat::kOpenMetrics);
  if (test::UpdateGolden()) test::WriteAll(kOpenMetricsGolden, text);
  EXPECT_EQ(text, test::ReadAll(kOpenMetricsGolden))
      << "SCIDEX_UPDATE_GOLDEN=1 writes " << kOpenMetricsGolden;
}

TEST(Exposition, HasTheSameSeriesWithTheSameNumbersInBothFormats) {
  EXPECT_EQ(Samples(RenderSample(TextFormat::kOpenMetrics)), Samples(RenderSample()));
}

// Its OpenMetrics parser is strict.
TEST(Exposition, IsReadAlikeInBothFormatsByThePythonClient) {
  const test::ProcessResult read =
      test::Run({{"/usr/bin/python3", "-B", SCIDEX_SOURCE_DIR "/tests/unit/metrics/parsers.py",
                  kGolden, kOpenMetricsGolden},
                 {},
                 ""});
  EXPECT_EQ(read.exit_status, 0) << read.output << read.errors;
}

TEST(Exposition, EveryUnitIsTheEndOfItsFamilysName) {
  for (const Family& family : Catalog()) {
    std::string_view name = family.name;
    if (name.ends_with("_total")) name.remove_suffix(6);
    const bool ends_in_unit = name.ends_with("_seconds") || name.ends_with("_bytes");
    EXPECT_EQ(ends_in_unit, !family.unit.empty()) << family.name;
    EXPECT_TRUE(name.ends_with(family.unit)) << family.name;
  }
}

TEST(Exposition, ShowsEveryNumberOfTheSample) {
  std::set<std::string> shown;
  for (const auto& [series, number] : Samples(RenderSample())) shown.insert(number);
  const std::vector<std::string> numbers = MakeDistinctSample().numbers;
  ASSERT_GT(numbers.size(), 200U);
  for (const std::string& number : numbers) EXPECT_TRUE(shown.contains(number)) << number;
}

TEST(Exposition, HasEveryFamilyOfTheCatalogAndNoSeriesTwice) {
  const std::string text = RenderSample();
  for (const Family& family : Catalog()) {
    EXPECT_THAT(text, HasSubstr("# HELP " + std::string(family.name) + ' ')) << family.name;
  }
  std::set<std::string> seen;
  for (const auto& [series, number] : Samples(text)) {
    EXPECT_TRUE(seen.insert(series).second) << series << " is there twice";
  }
}

TEST(Exposition, HasTheSameSeriesWithAndWithoutPools) {
  const auto series_of = [](const Snapshot& snapshot) {
    test::ManualClock clock;
    Exposition exposition(clock);
    AddCollectors(exposition, SourcesOf(snapshot));
    std::set<std::string> names;
    for (const auto& [series, number] : Samples(exposition.Render())) names.insert(series);
    return names;
  };
  const Snapshot full = MakeDistinctSample().snapshot;
  Snapshot empty;
  empty.exporter = full.exporter;
  empty.process = full.process;
  empty.queries = full.queries;
  // A pool that does not exist has no server.
  std::set<std::string> known = series_of(full);
  std::erase_if(known, [](const std::string& name) {
    return name.starts_with("scidex_pg_pool_server_info");
  });
  EXPECT_EQ(series_of(empty), known);
}

TEST(Exposition, IsAcceptedByPromtoolWithoutOutput) {
  const test::ProcessResult check =
      test::Run({{"/bin/sh", "-c", "promtool check metrics < \"$0\"", kGolden}, {}, ""});
  EXPECT_EQ(check.exit_status, 0) << check.errors;
  EXPECT_EQ(check.output, "");
  EXPECT_EQ(check.errors, "");
}

TEST(Exposition, ACollectorThatThrowsCostsItsOwnFamiliesAndIsCounted) {
  const auto fragile = std::make_shared<Fragile>();
  const auto sound = std::make_shared<Fragile>();
  sound->failing = false;
  Exposition exposition;
  exposition.Add("broken", fragile);
  exposition.Add("sound", sound);
  const std::string text = exposition.Render();
  EXPECT_THAT(text, HasSubstr("\nfragile 0\n"));
  EXPECT_EQ(text.find("# HELP fragile"), text.rfind("# HELP fragile"));
  EXPECT_THAT(text,
              HasSubstr("scidex_pg_exporter_collector_errors_total{collector=\"broken\"} 1\n"));
  EXPECT_THAT(text,
              HasSubstr("scidex_pg_exporter_collector_errors_total{collector=\"sound\"} 0\n"));

  fragile->failing = false;
  EXPECT_THAT(exposition.Render(),
              HasSubstr("scidex_pg_exporter_collector_errors_total{collector=\"broken\"} 1\n"));
}

TEST(Exposition, LogsACollectorThatThrows) {
  Exposition exposition;
  exposition.Add("broken", std::make_shared<Fragile>());
  const base::EnumArray<base::LogLevel, std::uint64_t> before = base::LogMessageCounts();
  exposition.Render();
  EXPECT_EQ(base::LogMessageCounts()[base::LogLevel::kError], before[base::LogLevel::kError] + 1);
}

TEST(Exposition, AllCollectorsOfAScrapeShowOneSnapshotOfTheDatabase) {
  const Snapshot snapshot = MakeDistinctSample().snapshot;
  int calls = 0;
  Sources sources = SourcesOf(snapshot);
  sources.database = [&]() -> database::DatabaseStats {
    ++calls;
    return snapshot;
  };
  Exposition exposition;
  AddCollectors(exposition, sources);
  const int at_start = calls;
  exposition.Render();
  EXPECT_EQ(calls, at_start + 1);
}

#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// The threads of civetweb have 100 KiB. Sanitizers, and no optimisation, enlarge each frame.
TEST(Exposition, RendersOnAStackOfFortyKibibytes) {
  const Snapshot snapshot = MakeDistinctSample().snapshot;
  Exposition exposition;
  AddCollectors(exposition, SourcesOf(snapshot));
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  ASSERT_EQ(pthread_attr_setstacksize(&attributes, 40UL * 1024), 0);
  pthread_t thread{};
  const auto render = [](void* rendered) -> void* {
    static_cast<Exposition*>(rendered)->Render();
    static_cast<Exposition*>(rendered)->Render(TextFormat::kOpenMetrics);
    return nullptr;
  };
  ASSERT_EQ(pthread_create(&thread, &attributes, render, &exposition), 0);
  EXPECT_EQ(pthread_join(thread, nullptr), 0);
  pthread_attr_destroy(&attributes);
}
#endif

TEST(Exposition, PoolsThatCannotBeReadDoNotCostTheExportersOwnNumbers) {
  const Snapshot snapshot = MakeDistinctSample().snapshot;
  bool failing = false;
  Sources sources = SourcesOf(snapshot);
  sources.database = [&failing]() -> database::DatabaseStats {
    if (failing) throw std::runtime_error("no pools");
    return {};
  };
  Exposition exposition;
  AddCollectors(exposition, sources);
  failing = true;
  const std::string text = exposition.Render();
  EXPECT_THAT(text, Not(HasSubstr("scidex_pg_pool_ro_routes_to ")));
  EXPECT_THAT(text, HasSubstr("scidex_pg_exporter_build_info{"));
  EXPECT_THAT(text, HasSubstr("process_open_fds "));
  EXPECT_THAT(text,
              HasSubstr("scidex_pg_exporter_collector_errors_total{collector=\"pools\"} 1\n"));
}

TEST(Exposition, WhatTheKernelDoesNotTellIsSaidOnceAndAbsent) {
  const test::LogTap log;
  const Snapshot snapshot;
  Exposition exposition;
  AddCollectors(exposition, SourcesOf(snapshot));
  for (int i = 0; i < 3; ++i) EXPECT_THAT(exposition.Render(), Not(HasSubstr("process_open_fds")));
  EXPECT_EQ(log.Count({"level=warn", "/proc", "process_open_fds", "process_max_fds"}), 1u);
}

TEST(Exposition, WithoutASourceForTheProcessTellsNothingOfIt) {
  const test::LogTap log;
  const Snapshot snapshot;
  Sources sources = SourcesOf(snapshot);
  sources.process = {};
  Exposition exposition;
  AddCollectors(exposition, sources);
  const std::string text = exposition.Render();
  EXPECT_THAT(text, Not(HasSubstr("process_")));
  EXPECT_THAT(text, Not(HasSubstr("collector=\"process\"")));
  EXPECT_THAT(text, HasSubstr("scidex_pg_pool_ro_size 0\n"));
  EXPECT_EQ(log.Lines().size(), 0u);
}

TEST(Exposition, EightScrapesAtOnceEachAddUp) {
  Exposition exposition;
  AddCollectors(exposition, {[] {
                               database::DatabaseStats stats;
                               stats.pools.pools[routing::PoolRole::kRo].emplace().idle = 3;
                               return stats;
                             },
                             [] {
                               ExporterStats stats;
                               stats.http_requests = {{200, 1}};
                               return stats;
                             }});
  std::vector<std::string> texts(8);
  {
    std::vector<std::jthread> scrapers;
    for (std::string& text : texts) {
      scrapers.emplace_back([&exposition, &text] {
        for (int i = 0; i < 20; ++i) text = exposition.Render();
      });
    }
  }
  const std::size_t series = Samples(texts[0]).size();
  for (const std::string& text : texts) {
    EXPECT_EQ(Samples(text).size(), series);
    EXPECT_THAT(text, HasSubstr("\nscidex_pg_pool_ro_available 3\n"));
    EXPECT_THAT(text, HasSubstr("collector_errors_total{collector=\"process\"} 0\n"));
  }
}

}  // namespace
}  // namespace scidex::metrics
