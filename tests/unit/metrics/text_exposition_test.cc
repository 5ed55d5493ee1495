#include "metrics/text_exposition.h"

#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

#include <gtest/gtest.h>

namespace scidex::metrics {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

std::string Text(const MetricFamily& family, TextFormat format = TextFormat::kPrometheus) {
  std::string text;
  WriteText({family}, format, text);
  return text;
}

std::string OpenMetrics(const MetricFamily& family) {
  return Text(family, TextFormat::kOpenMetrics);
}

MetricFamily Gauge(double value) {
  ClientMetric metric;
  metric.gauge.value = value;
  return {"g", "Help.", MetricType::Gauge, {metric}};
}

std::string NumberText(double value) {
  const std::string text = Text(Gauge(value));
  const std::string prefix = "# HELP g Help.\n# TYPE g gauge\ng ";
  EXPECT_EQ(text.substr(0, prefix.size()), prefix);
  EXPECT_EQ(text.back(), '\n');
  return text.substr(prefix.size(), text.size() - prefix.size() - 1);
}

TEST(TextExposition, HasHelpAndTypeAboveTheSeries) {
  MetricFamily family{"requests_total", "Requests.", MetricType::Counter, {}};
  family.metric.resize(2);
  family.metric[0].counter.value = 3;
  family.metric[0].label = {{"code", "200"}, {"method", "get"}};
  family.metric[1].counter.value = 4;
  family.metric[1].label = {{"code", "500"}, {"method", "get"}};
  EXPECT_EQ(Text(family),
            "# HELP requests_total Requests.\n"
            "# TYPE requests_total counter\n"
            "requests_total{code=\"200\",method=\"get\"} 3\n"
            "requests_total{code=\"500\",method=\"get\"} 4\n");
}

TEST(TextExposition, EscapesBackslashAndLineFeedInHelpButNoQuote) {
  MetricFamily family = Gauge(1);
  family.help = "a\\b\nc\"d";
  EXPECT_EQ(Text(family), "# HELP g a\\\\b\\nc\"d\n# TYPE g gauge\ng 1\n");
}

TEST(TextExposition, EscapesBackslashQuoteAndLineFeedInLabelValues) {
  MetricFamily family = Gauge(1);
  family.metric[0].label = {{"l", "a\\b\nc\"d"}};
  EXPECT_EQ(Text(family), "# HELP g Help.\n# TYPE g gauge\ng{l=\"a\\\\b\\nc\\\"d\"} 1\n");
}

TEST(TextExposition, WritesIntegersWithoutDecimalsOrExponent) {
  EXPECT_EQ(NumberText(0), "0");
  EXPECT_EQ(NumberText(-0.0), "0");
  EXPECT_EQ(NumberText(-7), "-7");
  EXPECT_EQ(NumberText(1'000'000), "1000000");
  EXPECT_EQ(NumberText(1'700'000'000), "1700000000");
  EXPECT_EQ(NumberText(9007199254740992.0), "9007199254740992");
  EXPECT_EQ(NumberText(-9007199254740992.0), "-9007199254740992");
}

TEST(TextExposition, WritesTheFewestDigitsThatBringBackTheSameDouble) {
  EXPECT_EQ(NumberText(0.1), "0.1");
  EXPECT_EQ(NumberText(0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(NumberText(0.0001), "0.0001");
  EXPECT_EQ(NumberText(0.00001), "1e-05");
  EXPECT_EQ(NumberText(1700000000.123), "1700000000.123");
  EXPECT_EQ(NumberText(1e300), "1e+300");
  for (const double value :
       {1.0 / 3, -2.5e-7, 1e16, 1.2345678901234567e20, std::numeric_limits<double>::max(),
        std::numeric_limits<double>::min(), std::numeric_limits<double>::denorm_min(),
        std::nextafter(1e-4, 1), std::nextafter(1e21, 0)}) {
    EXPECT_EQ(std::strtod(NumberText(value).c_str(), nullptr), value);
  }
}

TEST(TextExposition, WritesInfinitiesAndNanByTheirNames) {
  EXPECT_EQ(NumberText(std::numeric_limits<double>::infinity()), "+Inf");
  EXPECT_EQ(NumberText(-std::numeric_limits<double>::infinity()), "-Inf");
  EXPECT_EQ(NumberText(std::numeric_limits<double>::quiet_NaN()), "NaN");
  EXPECT_EQ(NumberText(-std::numeric_limits<double>::quiet_NaN()), "NaN");
}

TEST(TextExposition, WritesAHistogramWithAnInfiniteBucketSumAndCount) {
  MetricFamily family{"h", "Help.", MetricType::Histogram, {}};
  ClientMetric& metric = family.metric.emplace_back();
  metric.label = {{"pool", "ro"}};
  metric.histogram.bucket = {{1, 0.00001}, {2, 0.0025}, {4, 1}, {5, 600}};
  metric.histogram.sample_count = 7;
  metric.histogram.sample_sum = 12.5;
  const std::string text =
      "# HELP h Help.\n"
      "# TYPE h histogram\n"
      "h_bucket{pool=\"ro\",le=\"1e-05\"} 1\n"
      "h_bucket{pool=\"ro\",le=\"0.0025\"} 2\n"
      "h_bucket{pool=\"ro\",le=\"1.0\"} 4\n"
      "h_bucket{pool=\"ro\",le=\"600.0\"} 5\n"
      "h_bucket{pool=\"ro\",le=\"+Inf\"} 7\n"
      "h_sum{pool=\"ro\"} 12.5\n"
      "h_count{pool=\"ro\"} 7\n";
  EXPECT_EQ(Text(family), text);

  metric.histogram.bucket.push_back({7, std::numeric_limits<double>::infinity()});
  EXPECT_EQ(Text(family), text) << "an infinite bucket that is there already is written once";
}

TEST(TextExposition, WritesASummary) {
  MetricFamily family{"s", "Help.", MetricType::Summary, {}};
  ClientMetric& metric = family.metric.emplace_back();
  metric.summary.quantile = {{0.5, 3}, {1, 9}};
  metric.summary.sample_count = 2;
  metric.summary.sample_sum = 12;
  EXPECT_EQ(Text(family),
            "# HELP s Help.\n"
            "# TYPE s summary\n"
            "s{quantile=\"0.5\"} 3\n"
            "s{quantile=\"1.0\"} 9\n"
            "s_sum 12\n"
            "s_count 2\n");
}

TEST(TextExposition, WritesUntypedMetricsAndTimestamps) {
  MetricFamily family{"u", "Help.", MetricType::Untyped, {}};
  ClientMetric& metric = family.metric.emplace_back();
  metric.untyped.value = 4;
  metric.timestamp_ms = 1'700'000'000'123;
  EXPECT_EQ(Text(family), "# HELP u Help.\n# TYPE u untyped\nu 4 1700000000123\n");
}

TEST(TextExposition, OfOpenMetricsNamesACountersFamilyWithoutTheSuffixOfItsSeries) {
  MetricFamily family{"requests_total", "Requests.", MetricType::Counter, {}};
  family.metric.resize(1);
  family.metric[0].counter.value = 3;
  EXPECT_EQ(OpenMetrics(family),
            "# HELP requests Requests.\n"
            "# TYPE requests counter\n"
            "requests_total 3\n");
}

TEST(TextExposition, OfOpenMetricsACounterWithoutThatSuffixIsOfUnknownType) {
  MetricFamily family{"xact_commit", "Commits.", MetricType::Counter, {}};
  family.metric.resize(1);
  family.metric[0].counter.value = 3;
  EXPECT_EQ(OpenMetrics(family),
            "# HELP xact_commit Commits.\n# TYPE xact_commit unknown\nxact_commit 3\n");
  EXPECT_EQ(Text(family),
            "# HELP xact_commit Commits.\n# TYPE xact_commit counter\nxact_commit 3\n");
}

TEST(TextExposition, OfOpenMetricsHasTheUnitThatANameEndsIn) {
  MetricFamily family = Gauge(1);
  family.name = "wait_seconds";
  EXPECT_EQ(OpenMetrics(family),
            "# HELP wait_seconds Help.\n# TYPE wait_seconds gauge\n# UNIT wait_seconds seconds\n"
            "wait_seconds 1\n");
  MetricFamily counter{"cpu_seconds_total", "CPU.", MetricType::Counter, {ClientMetric{}}};
  EXPECT_EQ(OpenMetrics(counter),
            "# HELP cpu_seconds CPU.\n# TYPE cpu_seconds counter\n# UNIT cpu_seconds seconds\n"
            "cpu_seconds_total 0\n");
}

// Prometheus rejects the whole exposition if a unit is not the end of its family's name.
TEST(TextExposition, OfOpenMetricsHasNoUnitIfTheNameIsOnlyAUnit) {
  MetricFamily family = Gauge(1);
  family.name = "bytes";
  EXPECT_EQ(OpenMetrics(family), "# HELP bytes Help.\n# TYPE bytes gauge\nbytes 1\n");
  MetricFamily counter{"seconds_total", "Time.", MetricType::Counter, {ClientMetric{}}};
  EXPECT_EQ(OpenMetrics(counter),
            "# HELP seconds Time.\n# TYPE seconds counter\nseconds_total 0\n");
}

TEST(TextExposition, OfOpenMetricsEscapesQuotesInHelpToo) {
  MetricFamily family = Gauge(1);
  family.help = "a\\b\nc\"d";
  EXPECT_EQ(OpenMetrics(family), "# HELP g a\\\\b\\nc\\\"d\n# TYPE g gauge\ng 1\n");
}

TEST(TextExposition, OfOpenMetricsSaysUnknownForUntypedAndHasTimestampsInSeconds) {
  MetricFamily family{"u", "Help.", MetricType::Untyped, {ClientMetric{}}};
  family.metric[0].timestamp_ms = 1'500;
  EXPECT_EQ(OpenMetrics(family), "# HELP u Help.\n# TYPE u unknown\nu 0 1.5\n");
  EXPECT_EQ(Text(family), "# HELP u Help.\n# TYPE u untyped\nu 0 1500\n");
}

TEST(TextExposition, OfOpenMetricsAloneHasAnEnd) {
  std::string text;
  EndText(TextFormat::kPrometheus, text);
  EXPECT_EQ(text, "");
  EndText(TextFormat::kOpenMetrics, text);
  EXPECT_EQ(text, "# EOF\n");
}

}  // namespace
}  // namespace scidex::metrics
