#include "app/ready_probe.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <stdexcept>
#include <thread>

#include "base/clock.h"
#include "base/enum.h"
#include "base/joined.h"
#include "base/quoted.h"
#include "base/read_file.h"
#include "config/web_file.h"
#include "http/address.h"
#include "http/fetch.h"

namespace scidex::app {
namespace {

constexpr base::Duration kVerdictPollInterval = std::chrono::milliseconds(50);

bool WebUsesTls(const std::string& web_config_file) {
  return !web_config_file.empty() &&
         config::ParseWebFile(web_config_file, base::ReadFile(web_config_file)).tls_enabled;
}

std::string UpToLineFeed(const std::string& text) { return text.substr(0, text.find('\n')); }

// "replica or primary_fallthrough"
std::string AnyOf(const std::vector<routing::Route>& routes) {
  return base::Joined(routes, " or ", &base::Name<routing::Route>);
}

bool HasRoute(const std::string& line, const std::vector<routing::Route>& routes) {
  return std::any_of(routes.begin(), routes.end(), [&](routing::Route route) {
    return (line + ' ').find(" route=" + std::string(base::Name(route)) + ' ') != line.npos;
  });
}

// Another program may listen on this address.
bool IsFromExporter(const std::string& line) { return line.find(" route=") != line.npos; }

// To a request that requires no route, an exporter answers 503 only until the first verdict on the
// replica.
bool HasNoVerdict(const http::Fetched& answer) {
  return answer.code == 503 && IsFromExporter(UpToLineFeed(answer.body));
}

// Returns the first answer with a verdict, or the last one before the deadline.
http::Fetched FetchVerdict(const std::vector<http::Address>& addresses, bool tls,
                           base::TimePoint deadline) {
  http::Fetched answer = http::Fetch(addresses, tls, "/-/ready", deadline);
  while (HasNoVerdict(answer)) {
    const base::TimePoint next = base::Add(base::RealClock().Now(), kVerdictPollInterval);
    if (next >= deadline) break;
    std::this_thread::sleep_until(next);
    try {
      answer = http::Fetch(addresses, tls, "/-/ready", deadline);
    } catch (const std::runtime_error&) {
      // At the deadline, the previous answer says more than that this one did not arrive.
      if (base::RealClock().Now() < deadline) throw;
    }
  }
  return answer;
}

ReadyAnswer RequestReadiness(const config::Config& config,
                             const std::vector<routing::Route>& routes, base::Duration timeout) {
  if (config.web.listen_addresses.empty())
    return {false, "not asked: the exporter does not listen (web.listen_addresses is empty)"};
  const std::vector<http::Address> addresses =
      http::AddressesToReach(config.web.listen_addresses.front());
  if (http::PortOf(addresses.front()) == 0)
    return {false, "not asked: web.listen_addresses has port 0, so the actual port is unknown"};
  const http::Fetched answer = FetchVerdict(addresses, WebUsesTls(config.web_config_file),
                                            base::Add(base::RealClock().Now(), timeout));
  const std::string line = base::OneLine(UpToLineFeed(answer.body));
  if (!IsFromExporter(line))
    return {false, "not ready: the answer is " + std::to_string(answer.code) +
                       ", and not from an exporter"};
  if (answer.code != 200 || routes.empty()) return {answer.code == 200, line};
  if (HasRoute(line, routes)) return {true, line};
  return {false, "not ready: the route is not " + AnyOf(routes) + ": " + line};
}

}  // namespace

ReadyAnswer ProbeReady(const config::Config& config, const std::vector<routing::Route>& routes,
                       base::Duration timeout) noexcept {
  try {
    return RequestReadiness(config, routes, timeout);
  } catch (const std::exception& error) {
    return {false, "no answer: " + base::OneLine(error.what())};
  }
}

}  // namespace scidex::app
