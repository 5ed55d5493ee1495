// The cost of rendering an exposition: the renderer and prometheus-cpp's on the same families, and
// a complete scrape without HTTP.

#include <benchmark/benchmark.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <string>
#include <vector>

#include "metrics/collector.h"
#include "metrics/collectors.h"
#include "metrics/exposition.h"
#include "unit/metrics/distinct_sample.h"

namespace scidex::bench {
namespace {

using metrics::TextFormat;
using prometheus::ClientMetric;
using prometheus::MetricFamily;

const metrics::Snapshot& Sample() {
  static const metrics::Snapshot sample = metrics::MakeDistinctSample().snapshot;
  return sample;
}

// `count` gauges with two labels.
std::vector<MetricFamily> Series(std::size_t count) {
  MetricFamily family{"scidex_pg_bench_seconds", "Help.", prometheus::MetricType::Gauge, {}};
  for (std::size_t i = 0; i < count; ++i) {
    ClientMetric metric;
    metric.label = {{"pool", "ro_fallthrough"}, {"reason", "reason_" + std::to_string(i)}};
    metric.gauge.value = 0.1 * static_cast<double>(i);
    family.metric.push_back(std::move(metric));
  }
  return {family};
}

void BM_Write(benchmark::State& state) {
  const std::vector<MetricFamily> families = Series(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    std::string text;
    metrics::WriteText(families, TextFormat::kPrometheus, text);
    benchmark::DoNotOptimize(text);
  }
}
BENCHMARK(BM_Write)->ArgName("series")->Arg(300)->Arg(10'000);

void BM_WriteByPrometheusCpp(benchmark::State& state) {
  const std::vector<MetricFamily> families = Series(static_cast<std::size_t>(state.range(0)));
  const prometheus::TextSerializer serializer;
  for (auto _ : state) benchmark::DoNotOptimize(serializer.Serialize(families));
}
BENCHMARK(BM_WriteByPrometheusCpp)->ArgName("series")->Arg(300)->Arg(10'000);

// All metrics of three pools: about 480 series, including histograms.
void BM_Scrape(benchmark::State& state) {
  metrics::Exposition exposition;
  metrics::AddCollectors(exposition, {[] { return Sample(); }, [] { return Sample().exporter; },
                                      [] { return Sample().process; }});
  for (auto _ : state)
    benchmark::DoNotOptimize(exposition.Render(static_cast<TextFormat>(state.range(0))));
}
BENCHMARK(BM_Scrape)->ArgName("openmetrics")->Arg(0)->Arg(1);

void BM_Collect(benchmark::State& state) {
  const metrics::Collector collector(metrics::Part::kPools, [] { return Sample(); });
  for (auto _ : state) benchmark::DoNotOptimize(collector.Collect());
}
BENCHMARK(BM_Collect);

}  // namespace
}  // namespace scidex::bench
