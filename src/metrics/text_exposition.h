// Prometheus' text format 0.0.4.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <prometheus/metric_family.h>

namespace scidex::metrics {

inline constexpr std::string_view kTextContentType = "text/plain; version=0.0.4; charset=utf-8";

// Appends the families to `out`, in their order, each with HELP and TYPE. Counts are written
// without decimals or exponent, other numbers with as few digits as bring back the same double; the
// bounds of buckets (`le`) always with a point or an exponent ("1.0", "0.0025", "1e-05"), so that
// they are the same text in every format and for every reader.
void WriteText(const std::vector<prometheus::MetricFamily>& families, std::string& out);

}  // namespace scidex::metrics
