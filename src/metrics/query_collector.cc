#include "metrics/query_collector.h"

#include <cstddef>
#include <optional>
#include <utility>

namespace scidex::metrics {
namespace {

using base::MutexLock;
using prometheus::ClientMetric;
using prometheus::MetricFamily;
using queries::QueriesStats;
using queries::QueryOptions;
using queries::QueryResult;

std::vector<MetricFamily> FamiliesOf(const QueryOptions& query, const QueryResult& result) {
  std::vector<MetricFamily> families;
  for (std::size_t i = 0; i < query.values.size(); ++i) {
    const queries::QueryValue& value = query.values[i];
    const bool counter = value.type == queries::ValueType::kCounter;
    MetricFamily family;
    family.name = value.metric;
    family.help = value.help;
    family.type = counter ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge;
    for (const QueryResult::Row& row : result.rows) {
      if (!row.values[i]) continue;
      ClientMetric& metric = family.metric.emplace_back();
      for (std::size_t j = 0; j < query.labels.size(); ++j) {
        metric.label.push_back({query.labels[j], row.labels[j]});
      }
      (counter ? metric.counter.value : metric.gauge.value) = *row.values[i];
    }
    if (!family.metric.empty()) families.push_back(std::move(family));
  }
  return families;
}

std::vector<std::string> QueryNames(const QueriesStats& stats) {
  std::vector<std::string> names;
  for (const queries::QueryStats& query : stats) names.push_back(query.options->name);
  return names;
}

}  // namespace

void QueryCollector::AppendText(const Snapshot& snapshot, TextFormat format, std::string& out) {
  const QueriesStats& stats = snapshot.queries;
  if (stats.empty()) return;
  CostsOf(stats)->AppendText(snapshot, format, out);
  const Texts texts = TextsOf(stats);
  for (const queries::QueryStats& query : stats) {
    const auto text = texts.find(query.options->name);
    if (text != texts.end()) out += text->second->texts[static_cast<std::size_t>(format)];
  }
}

std::shared_ptr<const Collector> QueryCollector::CostsOf(const QueriesStats& stats) {
  std::vector<std::string> names = QueryNames(stats);
  {
    MutexLock lock(mutex_);
    if (names == names_) return costs_;
  }
  // The collector needs only the label values.
  const auto labels = std::make_shared<Snapshot>();
  for (const queries::QueryStats& query : stats) {
    labels->queries.emplace_back().options = query.options;
  }
  auto costs = std::make_shared<const Collector>(Part::kQueries, [labels] { return *labels; });
  MutexLock lock(mutex_);
  names_ = std::move(names);
  costs_ = costs;
  return costs;
}

QueryCollector::Texts QueryCollector::TextsOf(const QueriesStats& stats) {
  Texts known;
  {
    MutexLock lock(mutex_);
    known = texts_;
  }
  Texts texts;
  for (const queries::QueryStats& query : stats) {
    if (!query.result) continue;
    const std::string& name = query.options->name;
    const auto one = known.find(name);
    if (one != known.end() && one->second->result == query.result) {
      texts.insert(*one);
      continue;
    }
    auto text = std::make_shared<Text>();
    text->result = query.result;
    const std::vector<MetricFamily> families = FamiliesOf(*query.options, *query.result);
    for (const TextFormat format : {TextFormat::kPrometheus, TextFormat::kOpenMetrics}) {
      WriteText(families, format, text->texts[static_cast<std::size_t>(format)]);
    }
    texts.emplace(name, std::move(text));
  }
  MutexLock lock(mutex_);
  texts_ = texts;
  return texts;
}

}  // namespace scidex::metrics
