// The two text formats that Prometheus reads: its own 0.0.4 and OpenMetrics 1.0.0.
// https://prometheus.io/docs/instrumenting/exposition_formats/
// https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <prometheus/metric_family.h>

namespace scidex::metrics {

enum class TextFormat { kPrometheus, kOpenMetrics };

// Values of Content-Type, indexed by TextFormat.
inline constexpr std::array<std::string_view, 2> kContentTypes{
    "text/plain; version=0.0.4; charset=utf-8",
    "application/openmetrics-text; version=1.0.0; charset=utf-8"};

// Appends the families to `out`, in their order, each with HELP and TYPE, and in OpenMetrics UNIT.
// Every series has the same text in both formats. Integers are written without decimals or
// exponent, other numbers with the fewest digits that result in the same double; the bounds of
// buckets (`le`) always with a point or an exponent ("1.0", "0.0025", "1e-05").
void WriteText(const std::vector<prometheus::MetricFamily>& families, TextFormat format,
               std::string& out);

// Appends one number, as above.
void AppendNumber(std::string& out, double value);

// Appends the end marker of the format, if any.
void EndText(TextFormat format, std::string& out);

}  // namespace scidex::metrics
