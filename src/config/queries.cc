#include "config/queries.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/enum.h"
#include "base/hash.h"
#include "base/quoted.h"
#include "config/duration.h"
#include "config/query_sets.h"
#include "config/yaml.h"

namespace scidex::config {
namespace {

using base::Duration;
using queries::QueryOptions;
using queries::QueryValue;
using std::chrono::hours;
using std::chrono::milliseconds;

constexpr std::size_t kMaxSeries = 100'000;
constexpr std::string_view kTotal = "_total";

bool IsName(std::string_view text) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !text.empty() && is_letter(text[0]) && std::all_of(text.begin(), text.end(), [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9');
  });
}

// The name of the metric family, by which OpenMetrics distinguishes metrics.
std::string_view FamilyOf(const QueryValue& value) {
  const std::string_view name = value.metric;
  const bool total = value.type == queries::ValueType::kCounter && name.ends_with(kTotal);
  return name.substr(0, name.size() - (total ? kTotal.size() : 0));
}

// What is unusual about a valid name of a metric; empty if nothing is. Existing dashboards may need
// such a name.
std::string WarningAboutName(const QueryValue& value) {
  const std::string& name = value.metric;
  const std::string quoted = base::QuotedUnlessSecret(name);
  if (value.type == queries::ValueType::kCounter && !name.ends_with(kTotal)) {
    return quoted +
           " is a counter whose name does not end in _total; OpenMetrics has no such "
           "counters, so it is exposed there with type unknown";
  }
  for (const char* suffix : {"_count", "_sum", "_info"}) {
    if (value.type == queries::ValueType::kGauge && name.ends_with(suffix)) {
      return quoted + " is a gauge whose name ends in " + suffix +
             ", which tools may mistake for part of another type";
    }
  }
  return "";
}

// Why a metric cannot have this name and type; empty if it can.
std::string ErrorInName(const QueryValue& value, const std::string& unit) {
  const std::string& name = value.metric;
  const std::string quoted = base::QuotedUnlessSecret(name) + " ";
  if (!IsName(name)) {
    return quoted + "is not a metric's name; write letters, digits and _, such as orders_waiting";
  }
  for (const char* own : {"scidex_pg_", "process_", "scrape_"}) {
    if (name.starts_with(own)) {
      return quoted + "begins with " + own + ", which is reserved; choose another name";
    }
  }
  if (name == "up") return quoted + "is reserved by Prometheus; choose another name";
  if (FamilyOf(value).empty()) return quoted + "consists only of _total; choose another name";
  const bool counter = value.type == queries::ValueType::kCounter;
  for (const char* suffix : {"_total", "_bucket", "_created"}) {
    if (!FamilyOf(value).ends_with(suffix)) continue;
    return quoted + "is a " + std::string(base::Name(value.type)) + ", whose name cannot end in " +
           (counter && name.ends_with(kTotal) ? std::string(suffix) + "_total" : suffix) +
           "; choose another name";
  }
  if (!unit.empty() && !FamilyOf(value).ends_with("_" + unit)) {
    return quoted + "does not end in its unit; write, for instance, " +
           std::string(FamilyOf(value)) + "_" + unit + (counter ? "_total" : "");
  }
  return "";
}

// Reads one mapping: each key has a function that accepts its value.
class QueryReader {
 public:
  using Takers = std::map<std::string, std::function<void(const YAML::Node&)>>;

  QueryReader(const std::string& path, std::string key) : path_(path), key_(std::move(key)) {}

  void Read(const YAML::Node& node, const Takers& takers) {
    line_ = node.Mark().line + 1;
    if (!node.IsMap()) {
      RefuseAt(path_, line_, key_, "is not a mapping; write KEY: VALUE lines");
    }
    for (const YamlEntry& entry : EntriesOf(path_, node, key_)) {
      at_ = key_ + "." + entry.key;
      line_ = entry.line;
      const auto taker = takers.find(entry.key);
      if (taker == takers.end()) {
        std::string keys;
        for (const auto& one : takers) keys += (keys.empty() ? "" : ", ") + one.first;
        Refuse("unknown key; valid keys are " + keys);
      }
      taker->second(entry.value);
    }
    line_ = node.Mark().line + 1;
    at_ = key_;
  }

  [[noreturn]] void Refuse(const std::string& what) const { RefuseAt(path_, line_, at_, what); }

  std::string Text(const YAML::Node& value, const std::string& expected) const {
    if (!value.IsScalar() || value.Scalar().empty()) {
      Refuse((value.IsNull() ? "an empty value" : "this") + (" is invalid; write " + expected));
    }
    return value.Scalar();
  }

  template <typename E>
  E OneOf(const YAML::Node& value) const {
    const std::string expected = "one of " + base::JoinedNames<E>();
    const std::string text = Text(value, expected);
    const std::optional<E> parsed = base::ParseEnum<E>(text);
    if (!parsed) RefuseText(text, expected);
    return *parsed;
  }

  Duration Time(const YAML::Node& value, Duration least, Duration most) const {
    const std::string expected = "a duration from " + FormatDuration(least) + " to " +
                                 FormatDuration(most) + ", such as 15s";
    const std::string text = Text(value, expected);
    const std::optional<Duration> parsed = ParseDuration(text);
    if (!parsed || *parsed < least || *parsed > most) RefuseText(text, expected);
    return *parsed;
  }

  std::size_t Count(const YAML::Node& value, std::size_t most) const {
    const std::string expected = "a whole number from 1 to " + std::to_string(most);
    const std::string text = Text(value, expected);
    std::size_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc() || end != text.data() + text.size() || count < 1 || count > most) {
      RefuseText(text, expected);
    }
    return count;
  }

  const std::string& path() const { return path_; }
  const std::string& key() const { return key_; }
  int line() const { return line_; }

 private:
  [[noreturn]] void RefuseText(const std::string& text, const std::string& expected) const {
    Refuse(base::QuotedUnlessSecret(text) + " is invalid; write " + expected);
  }

  const std::string& path_;
  const std::string key_;
  std::string at_;
  int line_ = 0;
};

// Reads one value of the query with this name.
QueryValue ReadValue(const std::string& path, const std::string& key, const YAML::Node& node,
                     const std::string& query, std::vector<std::string>& warnings) {
  QueryValue value;
  std::string unit;
  QueryReader reader(path, key);
  reader.Read(node, {{"column", [&](auto& v) { value.column = reader.Text(v, "a column"); }},
                     {"metric", [&](auto& v) { value.metric = reader.Text(v, "a metric's name"); }},
                     {"type", [&](auto& v) { value.type = reader.OneOf<queries::ValueType>(v); }},
                     {"help", [&](auto& v) { value.help = reader.Text(v, "a sentence"); }},
                     {"unit", [&](auto& v) { unit = reader.Text(v, "a unit"); }}});
  if (value.column.empty()) reader.Refuse("has no column; write column: NAME");
  if (value.help.empty()) reader.Refuse("has no help; write help: what the number means");
  if (!unit.empty() &&
      std::find(queries::kUnits.begin(), queries::kUnits.end(), unit) == queries::kUnits.end()) {
    std::string units;
    for (const std::string_view one : queries::kUnits) {
      units += units.empty() ? "" : ", ";
      units += one;
    }
    reader.Refuse(base::QuotedUnlessSecret(unit) + " is not a base unit; write one of " + units);
  }
  if (value.metric.empty()) value.metric = query + "_" + value.column;
  if (const std::string refusal = ErrorInName(value, unit); !refusal.empty()) {
    reader.Refuse(refusal);
  }
  if (const std::string warning = WarningAboutName(value); !warning.empty()) {
    warnings.push_back(path + ":" + std::to_string(reader.line()) + ": " + key + ": " + warning);
  }
  return value;
}

void CheckLabel(const QueryReader& reader, const std::string& label) {
  if (!IsName(label) || label.starts_with("__") || label == "le" || label == "quantile") {
    reader.Refuse(base::QuotedUnlessSecret(label) +
                  " cannot be a label; write letters, digits and _, no __ at the start, and "
                  "neither le nor quantile: SELECT … AS another_name");
  }
}

void CheckQuery(const QueryReader& reader, const QueryOptions& query) {
  if (query.name.empty()) reader.Refuse("has no name; write name: NAME");
  if (query.sql.empty()) reader.Refuse("has no sql; write sql: SELECT …");
  if (query.values.empty()) {
    reader.Refuse("has no values; write values: [{column: …, help: …}]");
  }
  if (query.timeout > query.interval) {
    reader.Refuse("timeout " + FormatDuration(query.timeout) + " is more than interval " +
                  FormatDuration(query.interval) + "; a run must end before the next one is due");
  }
  std::set<std::string> columns(query.labels.begin(), query.labels.end());
  if (columns.size() < query.labels.size()) reader.Refuse("has a label twice; write each once");
  for (const QueryValue& value : query.values) {
    if (columns.contains(value.column)) {
      reader.Refuse(base::QuotedUnlessSecret(value.column) +
                    " is both a label and a value; use it as one of them");
    }
  }
}

PlacedQuery ReadQuery(const std::string& path, const std::string& key, const YAML::Node& node) {
  QueryOptions query;
  SqlPlace sql_place{path, key + ".sql", 0, {}, nullptr};
  std::optional<Duration> timeout;
  YAML::Node values;
  QueryReader reader(path, key);
  reader.Read(
      node,
      {{"name",
        [&](auto& v) {
          query.name = reader.Text(v, "a name");
          if (!IsName(query.name) || query.name.size() > 100) {
            reader.Refuse(base::QuotedUnlessSecret(query.name) +
                          " is not a query's name; write letters, digits and _");
          }
        }},
       {"sql",
        [&](auto& v) {
          query.sql = reader.Text(v, "a SELECT");
          sql_place.line = reader.line();
          sql_place.mark = v.Mark();
        }},
       {"from", [&](auto& v) { query.from = reader.OneOf<queries::QueryFrom>(v); }},
       {"interval",
        [&](auto& v) { query.interval = reader.Time(v, milliseconds(100), hours(24)); }},
       {"timeout", [&](auto& v) { timeout = reader.Time(v, milliseconds(10), hours(24)); }},
       {"labels",
        [&](auto& v) {
          if (!v.IsSequence()) reader.Refuse("is not a list; write [COLUMN, …]");
          for (const YAML::Node& label : v) {
            query.labels.push_back(reader.Text(label, "columns"));
            CheckLabel(reader, query.labels.back());
          }
        }},
       {"values",
        [&](auto& v) {
          if (!v.IsSequence()) reader.Refuse("is not a list; write - column: … lines");
          values.reset(v);
        }},
       {"max_series", [&](auto& v) { query.max_series = reader.Count(v, kMaxSeries); }},
       {"on_error", [&](auto& v) { query.on_error = reader.OneOf<queries::QueryOnError>(v); }}});
  query.timeout = timeout.value_or(std::min(query.timeout, query.interval));
  std::vector<std::string> warnings;
  for (const YAML::Node& value : values) {
    const std::string place = key + ".values[" + std::to_string(query.values.size()) + "]";
    query.values.push_back(ReadValue(path, place, value, query.name, warnings));
  }
  CheckQuery(reader, query);
  return {.options = query,
          .place = path + ":" + std::to_string(reader.line()) + ": " + key,
          .sql_place = sql_place,
          .warnings = warnings};
}

}  // namespace

std::vector<PlacedQuery> ReadQueries(const std::string& path,
                                     const std::shared_ptr<const std::string>& text,
                                     const YAML::Node& list) {
  std::vector<PlacedQuery> queries;
  for (const YAML::Node& node : list) {
    queries.push_back(ReadQuery(path, "queries[" + std::to_string(queries.size()) + "]", node));
    queries.back().sql_place.text = text;
  }
  return queries;
}

std::vector<PlacedQuery> ReadQuerySet(std::string_view name) {
  for (const QuerySetFile& file : QuerySetFiles()) {
    if (file.name != name) continue;
    const std::string path = "config/queries/" + std::string(name) + ".yaml";
    const auto text = std::make_shared<const std::string>(file.text);
    return ReadQueries(path, text, ParseYaml(path, *text)["queries"]);
  }
  return {};
}

std::vector<std::string> QuerySetNames() {
  std::vector<std::string> names;
  for (const QuerySetFile& file : QuerySetFiles()) names.emplace_back(file.name);
  return names;
}

void CheckTogether(const std::vector<PlacedQuery>& queries) {
  std::map<std::string, const PlacedQuery*> names;
  std::map<std::string, const PlacedQuery*, std::less<>> families;
  if (queries.size() > kMaxQueries) {
    throw ConfigError(queries[kMaxQueries].place + ": there are " + std::to_string(queries.size()) +
                      " queries; at most " + std::to_string(kMaxQueries) + " are allowed");
  }
  for (const PlacedQuery& query : queries) {
    const auto [other, is_new] = names.try_emplace(query.options.name, &query);
    if (!is_new) {
      throw ConfigError(query.place + ": the name \"" + query.options.name +
                        "\" is already used: " + other->second->place);
    }
    for (const QueryValue& value : query.options.values) {
      const auto [user, unused] = families.try_emplace(std::string(FamilyOf(value)), &query);
      if (!unused) {
        throw ConfigError(query.place + ": the metric \"" + value.metric +
                          "\" is already defined: " + user->second->place);
      }
    }
  }
}

std::uint64_t HashQuery(const QueryOptions& query, std::uint64_t before) {
  std::uint64_t hash = before;
  const auto add = [&hash](std::string_view text) {
    hash = base::Hash('=' + std::string(text), hash);
  };
  add(query.name);
  add(query.sql);
  add(base::Name(query.from));
  add(FormatDuration(query.interval));
  add(FormatDuration(query.timeout));
  add(std::to_string(query.max_series));
  add(base::Name(query.on_error));
  for (const std::string& label : query.labels) add(label);
  for (const QueryValue& value : query.values) {
    add(value.column);
    add(value.metric);
    add(base::Name(value.type));
    add(value.help);
  }
  return hash;
}

}  // namespace scidex::config
