#include "queries/query_result.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "base/utf8.h"

namespace scidex::queries {
namespace {

// Parses a number as PostgreSQL writes it, including in text types: with surrounding blanks and a
// leading plus. Returns infinity if it is too large for a double, and 0 if it is too small.
std::optional<double> ParseNumber(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  text.remove_suffix(text.size() - (text.find_last_not_of(' ') + 1));
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  double number = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  if (end != last || error == std::errc::invalid_argument) return std::nullopt;
  // from_chars() does not tell whether the number is too large or too small.
  if (error == std::errc::result_out_of_range) {
    number = std::strtod(std::string(text).c_str(), nullptr);
  }
  return number;
}

}  // namespace

bool QueryResultBuilder::Fail(QueryError error, std::string message) {
  failure_.emplace(Failure{error, std::move(message)});
  return false;
}

std::optional<std::size_t> QueryResultBuilder::Find(std::span<const Column> columns,
                                                    const std::string& name) {
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].name != name) continue;
    if (found) {
      Fail(QueryError::kBadColumn, "the result has two columns \"" + name + "\"; rename one");
      return std::nullopt;
    }
    found = i;
  }
  if (!found) Fail(QueryError::kBadColumn, "the result has no column \"" + name + "\"");
  return found;
}

bool QueryResultBuilder::OnColumns(std::span<const Column> columns) {
  for (const std::string& label : options_.labels) {
    const auto index = Find(columns, label);
    if (!index) return false;
    labels_.push_back(*index);
  }
  for (const QueryValue& value : options_.values) {
    const auto index = Find(columns, value.column);
    if (!index) return false;
    values_.push_back(*index);
    boolean_.push_back(columns[*index].boolean);
  }
  return true;
}

bool QueryResultBuilder::OnRow(std::span<const std::optional<std::string_view>> texts) {
  QueryResult::Row row;
  // Includes the length of each label, so that different rows have different keys.
  std::string key;
  for (std::size_t i = 0; i < labels_.size(); ++i) {
    const std::string_view text = texts[labels_[i]].value_or("");
    if (text.size() > kMaxLabelLength) {
      return Fail(QueryError::kBadLabel,
                  "a value of the label \"" + options_.labels[i] + "\" is longer than " +
                      std::to_string(kMaxLabelLength) + " bytes; shorten it with left()");
    }
    row.labels.push_back(base::ToUtf8(text));
    key += std::to_string(row.labels.back().size()) + ':' + row.labels.back();
  }
  std::size_t series = 0;
  for (std::size_t i = 0; i < values_.size(); ++i) {
    std::optional<double>& number = row.values.emplace_back();
    if (!texts[values_[i]]) continue;
    number = ToNumber(options_.values[i], *texts[values_[i]], boolean_[i]);
    if (failure_) return false;
    ++series;
  }
  if (series == 0) return true;
  if (series_ + series > options_.max_series) {
    // Later rows are dropped too, although they may have fewer series.
    series_ = options_.max_series;
    result_.dropped += series;
    return result_.dropped < kCountedOverBound;
  }
  if (!seen_.insert(std::move(key)).second) {
    return Fail(QueryError::kDuplicate,
                options_.labels.empty()
                    ? "there are several rows and no label that distinguishes them"
                    : "two rows have the same labels; aggregate, or add a label");
  }
  series_ += series;
  result_.rows.push_back(std::move(row));
  return true;
}

std::optional<double> QueryResultBuilder::ToNumber(const QueryValue& value, std::string_view text,
                                                   bool boolean) {
  const auto fail = [&](const std::string& why) -> std::optional<double> {
    Fail(QueryError::kBadValue, "a value of the column \"" + value.column + "\" " + why);
    return std::nullopt;
  };
  if (boolean) return text == "t" ? 1 : 0;
  const std::optional<double> parsed = ParseNumber(text);
  if (!parsed) {
    return fail("is not a number; for a time or an interval, use extract(epoch FROM …)");
  }
  const double number = *parsed;
  if (std::isinf(number) && text.find_first_of("0123456789") != std::string_view::npos) {
    return fail("is out of the range of a double");
  }
  if (value.type == ValueType::kCounter && (!std::isfinite(number) || number < 0)) {
    return fail("is not a finite number >= 0, as a counter requires");
  }
  return number;
}

}  // namespace scidex::queries
