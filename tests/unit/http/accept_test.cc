#include "http/accept.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace scidex::http {
namespace {

constexpr std::array<std::string_view, 2> kOffers{
    "text/plain; version=0.0.4; charset=utf-8",
    "application/openmetrics-text; version=1.0.0; charset=utf-8"};

constexpr std::size_t kText = 0;
constexpr std::size_t kOpenMetrics = 1;

struct Wanted {
  const char* accept;
  std::size_t offer;
};

class AcceptTest : public testing::TestWithParam<Wanted> {};

INSTANTIATE_TEST_SUITE_P(
    Of, AcceptTest,
    testing::Values(
        Wanted{"", kText}, Wanted{"*/*", kText}, Wanted{"text/plain", kText},
        Wanted{"text/*", kText}, Wanted{"application/*", kOpenMetrics},
        Wanted{"application/openmetrics-text", kOpenMetrics},
        Wanted{"application/openmetrics-text; version=1.0.0", kOpenMetrics},
        Wanted{"APPLICATION/OpenMetrics-Text;Version=1.0.0", kOpenMetrics},
        Wanted{"application/openmetrics-text; version=\"1.0.0\"", kOpenMetrics},
        // A version that is not offered.
        Wanted{"application/openmetrics-text; version=0.0.1", kText},
        // Prometheus 2 and 3.
        Wanted{"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version="
               "0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
               kOpenMetrics},
        Wanted{"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
               "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;"
               "escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,/;q=0.1",
               kOpenMetrics},
        Wanted{"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding="
               "delimited;q=0.7,text/plain;version=0.0.4;q=0.3",
               kText},
        // A browser.
        Wanted{"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", kText},
        // The higher quality, whatever the order.
        Wanted{"text/plain;q=0.5,application/openmetrics-text;q=0.6", kOpenMetrics},
        Wanted{"text/plain;q=0.6,application/openmetrics-text;q=0.5", kText},
        // The first of equal ones.
        Wanted{"application/openmetrics-text,text/plain", kOpenMetrics},
        Wanted{"text/plain,application/openmetrics-text", kText},
        // The most specific range determines the quality of a type.
        Wanted{"text/plain;q=0.1,*/*;q=0.5", kOpenMetrics},
        Wanted{"*/*;q=0.5,text/plain;q=0.1", kOpenMetrics},
        // Not acceptable.
        Wanted{"text/plain;q=0,*/*", kOpenMetrics},
        Wanted{"application/openmetrics-text;q=0", kText}, Wanted{"image/png", kText},
        // Malformed entries are ignored.
        Wanted{"application/openmetrics-text;q=2", kText},
        Wanted{"application/openmetrics-text;q=nan", kText},
        Wanted{"application/openmetrics-text;q=", kText},
        Wanted{"application/openmetrics-text;q=-1", kText}, Wanted{",,;;q=1,=,\"", kText},
        Wanted{"application/openmetrics-text;x=\"a,b;q=0\"", kOpenMetrics}));

TEST_P(AcceptTest, IsGivenWhatTheClientWantsMost) {
  EXPECT_EQ(Preferred(GetParam().accept, kOffers), GetParam().offer) << GetParam().accept;
}

TEST(AcceptEncoding, AllowsGzipWhereItIsNamedOrAnythingIsAndNotWithQualityZero) {
  for (const char* yes : {"gzip", "GZIP", "deflate, gzip;q=0.5", "*", "br;q=1, *;q=0.1", "x-gzip"})
    EXPECT_TRUE(AcceptsGzip(yes)) << yes;
  for (const char* no : {"", "identity", "gzip;q=0", "gzip;q=0, *", "*;q=0", "deflate", "gzip;q=x"})
    EXPECT_FALSE(AcceptsGzip(no)) << no;
}

}  // namespace
}  // namespace scidex::http
