#include "metrics/collector.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace scidex::metrics {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;

prometheus::MetricType TypeOf(Type type) {
  switch (type) {
    case Type::kCounter:
      return prometheus::MetricType::Counter;
    case Type::kGauge:
      return prometheus::MetricType::Gauge;
    case Type::kHistogram:
      return prometheus::MetricType::Histogram;
  }
  return prometheus::MetricType::Untyped;
}

// Appends a series for every combination of values of the dimensions from `depth` on.
void AddSeries(const Family& row, const std::vector<std::vector<std::string>>& values,
               std::size_t depth, Labels labels, ClientMetric metric, MetricFamily& family,
               std::vector<Labels>& series) {
  if (depth == values.size()) {
    if (row.differing && labels[depth - 2] == labels[depth - 1]) return;
    family.metric.push_back(std::move(metric));
    series.push_back(labels);
    return;
  }
  const Dimension& dimension = row.dimensions[depth];
  for (std::size_t i = 0; i < values[depth].size(); ++i) {
    labels[depth] = dimension.first + i;
    ClientMetric labelled = metric;
    labelled.label.push_back({std::string(dimension.label), values[depth][i]});
    AddSeries(row, values, depth + 1, labels, std::move(labelled), family, series);
  }
}

// Appends a series for each of `rows`.
void AddRows(const Family& row, const std::vector<std::vector<std::string>>& rows,
             MetricFamily& family, std::vector<Labels>& series) {
  for (const std::vector<std::string>& values : rows) {
    ClientMetric& metric = family.metric.emplace_back();
    for (std::size_t i = 0; i < values.size(); ++i)
      metric.label.push_back({std::string(row.dimensions[i].label), values[i]});
    series.emplace_back();
  }
}

ClientMetric::Histogram ToHistogram(const pool::Histogram& source) {
  ClientMetric::Histogram histogram;
  histogram.bucket.reserve(source.bounds().size());
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < source.bounds().size(); ++i) {
    cumulative += source.count(i);
    histogram.bucket.push_back({cumulative, base::Seconds(source.bounds()[i])});
  }
  histogram.sample_count = cumulative + source.count(source.bounds().size());
  histogram.sample_sum = base::Seconds(source.sum());
  return histogram;
}

void Set(const Family& row, const Snapshot& snapshot, const Labels& labels, ClientMetric& metric) {
  if (const Distribution* distribution = std::get_if<Distribution>(&row.value)) {
    metric.histogram = ToHistogram((*distribution)(snapshot, labels));
    return;
  }
  const double number = std::get<Number>(row.value)(snapshot, labels);
  if (row.type == Type::kCounter) {
    metric.counter.value = number;
  } else {
    metric.gauge.value = number;
  }
}

// Adds the numbers of one series, in the order of its lines.
void Fill(const Family& row, const Snapshot& snapshot, const Labels& labels,
          TextTemplate::Filling& filling) {
  const Distribution* const distribution = std::get_if<Distribution>(&row.value);
  if (distribution == nullptr) {
    return filling.Add(std::get<Number>(row.value)(snapshot, labels));
  }
  const pool::Histogram& histogram = (*distribution)(snapshot, labels);
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i <= histogram.bounds().size(); ++i) {
    cumulative += histogram.count(i);
    filling.Add(static_cast<double>(cumulative));
  }
  filling.Add(base::Seconds(histogram.sum()));
  filling.Add(static_cast<double>(cumulative));
}

}  // namespace

std::vector<std::string> UnknownOfProcess(const Snapshot& snapshot) {
  std::vector<std::string> names;
  for (const Family& row : Catalog()) {
    if (row.part == Part::kProcess && std::isnan(std::get<Number>(row.value)(snapshot, {})))
      names.emplace_back(row.name);
  }
  return names;
}

Collector::Collector(Part part, Source source) : source_(std::move(source)) {
  const Snapshot snapshot = source_();
  std::vector<std::string> unknown;
  if (part == Part::kProcess) unknown = UnknownOfProcess(snapshot);
  for (const Family& row : Catalog()) {
    if (row.part != part) continue;
    if (std::find(unknown.begin(), unknown.end(), row.name) != unknown.end()) continue;
    MetricFamily family;
    family.name = row.name;
    family.help = row.help;
    family.type = TypeOf(row.type);
    std::vector<Labels> series;
    if (row.rows != nullptr) {
      AddRows(row, row.rows(snapshot), family, series);
    } else {
      std::vector<std::vector<std::string>> values;
      for (const Dimension& dimension : row.Dimensions())
        values.push_back(dimension.Values(snapshot));
      AddSeries(row, values, 0, {}, {}, family, series);
    }
    // Histograms need their bounds, so that the text has the lines of their buckets.
    for (std::size_t i = 0; i < series.size(); ++i) Set(row, snapshot, series[i], family.metric[i]);
    skeleton_.push_back(std::move(family));
    numbers_.push_back({&row, std::move(series)});
  }
  for (const TextFormat format : {TextFormat::kPrometheus, TextFormat::kOpenMetrics}) {
    templates_.emplace_back(skeleton_, format);
  }
}

void Collector::AppendText(TextFormat format, std::string& out) const {
  AppendText(source_(), format, out);
}

void Collector::AppendText(const Snapshot& snapshot, TextFormat format, std::string& out) const {
  TextTemplate::Filling filling(templates_[static_cast<std::size_t>(format)], out);
  for (const Numbers& numbers : numbers_) {
    for (const Labels& labels : numbers.series) Fill(*numbers.family, snapshot, labels, filling);
  }
  filling.End();
}

std::vector<MetricFamily> Collector::Collect() const {
  const Snapshot snapshot = source_();
  std::vector<MetricFamily> families = skeleton_;
  for (std::size_t i = 0; i < families.size(); ++i) {
    const Numbers& numbers = numbers_[i];
    for (std::size_t j = 0; j < numbers.series.size(); ++j) {
      Set(*numbers.family, snapshot, numbers.series[j], families[i].metric[j]);
    }
  }
  return families;
}

}  // namespace scidex::metrics
