#include "metrics/text_exposition.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "queries/options.h"

namespace scidex::metrics {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

// Up to this value, all integers are exact in a double.
constexpr double kMaxExactInteger = 9007199254740992;

std::string_view TypeName(MetricType type) {
  switch (type) {
    case MetricType::Counter:
      return "counter";
    case MetricType::Gauge:
      return "gauge";
    case MetricType::Summary:
      return "summary";
    case MetricType::Histogram:
      return "histogram";
    default:
      return "untyped";
  }
}

constexpr std::string_view kTotal = "_total";

// In OpenMetrics, the name of a counter family does not include the suffix of its series.
std::string_view FamilyName(const MetricFamily& family, TextFormat format) {
  std::string_view name = family.name;
  if (format == TextFormat::kOpenMetrics && family.type == MetricType::Counter &&
      name.ends_with(kTotal)) {
    name.remove_suffix(kTotal.size());
  }
  return name;
}

// OpenMetrics requires the suffix in the series of counters; without it, the type is unknown.
bool IsUnknown(const MetricFamily& family) {
  return family.type == MetricType::Untyped ||
         (family.type == MetricType::Counter && !std::string_view(family.name).ends_with(kTotal));
}

// A unit is the last part of a family's name, after an underscore: of a name that consists only of
// its unit, Prometheus would reject the whole exposition.
std::string_view UnitOf(std::string_view family_name) {
  const std::size_t underscore = family_name.rfind('_');
  if (underscore == family_name.npos) return "";
  const std::string_view last = family_name.substr(underscore + 1);
  const auto unit = std::find(queries::kUnits.begin(), queries::kUnits.end(), last);
  if (unit != queries::kUnits.end()) return *unit;
  return "";
}

template <typename... T>
void AppendChars(std::string& out, T... value) {
  // The longest fixed form is 22 digits before the point, or five zeros and 17 digits after it.
  std::array<char, 40> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value...).ptr;
  out.append(text.data(), end);
}

std::string BoundText(double bound) {
  std::string text;
  AppendNumber(text, bound);
  if (text.find_first_not_of("-0123456789") == std::string::npos) text += ".0";
  return text;
}

enum class Quotes { kAsTheyAre, kEscaped };

void AppendEscaped(std::string& out, std::string_view text, Quotes quotes) {
  const auto is_special = [quotes](char c) {
    return c == '\\' || c == '\n' || (c == '"' && quotes == Quotes::kEscaped);
  };
  for (const char* from = text.begin();;) {
    const char* const special = std::find_if(from, text.end(), is_special);
    out.append(from, special);
    if (special == text.end()) return;
    out += '\\';
    out += *special == '\n' ? 'n' : *special;
    from = special + 1;
  }
}

// Writes the lines of one family.
class FamilyWriter {
 public:
  FamilyWriter(const MetricFamily& family, TextFormat format, std::string& out)
      : family_(family), format_(format), out_(out) {}

  void Write() {
    const bool open_metrics = format_ == TextFormat::kOpenMetrics;
    const std::string_view name = FamilyName(family_, format_);
    BeginComment("# HELP ", name);
    AppendEscaped(out_, family_.help, open_metrics ? Quotes::kEscaped : Quotes::kAsTheyAre);
    out_ += '\n';
    BeginComment("# TYPE ", name);
    out_ += open_metrics && IsUnknown(family_) ? "unknown" : TypeName(family_.type);
    out_ += '\n';
    if (const std::string_view unit = UnitOf(name); open_metrics && !unit.empty()) {
      BeginComment("# UNIT ", name);
      out_ += unit;
      out_ += '\n';
    }
    for (const ClientMetric& metric : family_.metric) WriteMetric(metric);
  }

 private:
  void BeginComment(std::string_view what, std::string_view name) {
    out_ += what;
    out_ += name;
    out_ += ' ';
  }

  void WriteMetric(const ClientMetric& metric) {
    switch (family_.type) {
      case MetricType::Counter:
        return WriteSeries(metric, "", metric.counter.value);
      case MetricType::Gauge:
        return WriteSeries(metric, "", metric.gauge.value);
      case MetricType::Summary:
        return WriteSummary(metric);
      case MetricType::Histogram:
        return WriteHistogram(metric);
      default:
        return WriteSeries(metric, "", metric.untyped.value);
    }
  }

  void WriteSummary(const ClientMetric& metric) {
    for (const ClientMetric::Quantile& quantile : metric.summary.quantile) {
      WriteSeries(metric, "", quantile.value, "quantile", BoundText(quantile.quantile));
    }
    WriteSeries(metric, "_sum", metric.summary.sample_sum);
    WriteSeries(metric, "_count", static_cast<double>(metric.summary.sample_count));
  }

  void WriteHistogram(const ClientMetric& metric) {
    for (const ClientMetric::Bucket& bucket : metric.histogram.bucket) {
      // Written below.
      if (std::isinf(bucket.upper_bound)) continue;
      WriteSeries(metric, "_bucket", static_cast<double>(bucket.cumulative_count), "le",
                  BoundText(bucket.upper_bound));
    }
    const auto count = static_cast<double>(metric.histogram.sample_count);
    WriteSeries(metric, "_bucket", count, "le", "+Inf");
    WriteSeries(metric, "_sum", metric.histogram.sample_sum);
    WriteSeries(metric, "_count", count);
  }

  void WriteSeries(const ClientMetric& metric, std::string_view suffix, double value,
                   std::string_view extra_label = "", std::string_view extra_value = "") {
    out_ += family_.name;
    out_ += suffix;
    char separator = '{';
    for (const ClientMetric::Label& label : metric.label) {
      WriteLabel(separator, label.name, label.value);
    }
    if (!extra_label.empty()) WriteLabel(separator, extra_label, extra_value);
    if (separator == ',') out_ += '}';
    out_ += ' ';
    AppendNumber(out_, value);
    if (metric.timestamp_ms != 0) {
      out_ += ' ';
      // OpenMetrics uses seconds.
      if (format_ == TextFormat::kOpenMetrics) {
        AppendNumber(out_, static_cast<double>(metric.timestamp_ms) / 1000);
      } else {
        AppendChars(out_, metric.timestamp_ms);
      }
    }
    out_ += '\n';
  }

  void WriteLabel(char& separator, std::string_view name, std::string_view value) {
    out_ += separator;
    separator = ',';
    out_ += name;
    out_ += "=\"";
    AppendEscaped(out_, value, Quotes::kEscaped);
    out_ += '"';
  }

  const MetricFamily& family_;
  const TextFormat format_;
  std::string& out_;
};

}  // namespace

void AppendNumber(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else if (std::trunc(value) == value && std::abs(value) <= kMaxExactInteger) {
    AppendChars(out, static_cast<std::int64_t>(value));
  } else {
    const double magnitude = std::abs(value);
    const bool fixed = magnitude >= 1e-4 && magnitude < 1e21;
    AppendChars(out, value, fixed ? std::chars_format::fixed : std::chars_format::scientific);
  }
}

void WriteText(const std::vector<MetricFamily>& families, TextFormat format, std::string& out) {
  for (const MetricFamily& family : families) FamilyWriter(family, format, out).Write();
}

void EndText(TextFormat format, std::string& out) {
  if (format == TextFormat::kOpenMetrics) out += "# EOF\n";
}

}  // namespace scidex::metrics
