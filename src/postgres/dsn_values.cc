#include "postgres/dsn_values.h"

#include <strings.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "base/joined.h"
#include "base/quoted.h"

namespace scidex::postgres {
namespace {

struct Enumerated {
  std::string_view keyword;
  std::array<const char*, 6> values;
  bool ignores_case = false;
};
constexpr std::array<Enumerated, 9> kEnumerated{{
    {"sslmode", {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}},
    {"target_session_attrs",
     {"any", "read-write", "read-only", "primary", "standby", "prefer-standby"}},
    {"load_balance_hosts", {"disable", "random"}},
    {"gssencmode", {"disable", "prefer", "require"}},
    {"channel_binding", {"disable", "prefer", "require"}},
    {"sslnegotiation", {"postgres", "direct"}},
    {"sslcertmode", {"disable", "allow", "require"}},
    {"ssl_min_protocol_version", {"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"}, true},
    {"ssl_max_protocol_version", {"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"}, true},
}};
constexpr std::array<std::string_view, 6> kIntegers{"connect_timeout",  "keepalives",
                                                    "keepalives_idle",  "keepalives_interval",
                                                    "keepalives_count", "tcp_user_timeout"};
constexpr std::array<std::string_view, 6> kPaths{"passfile",    "sslcert", "sslkey",
                                                 "sslrootcert", "sslcrl",  "sslcrldir"};

// By libpq's rules: surrounding white space is allowed.
bool IsInteger(std::string_view text) {
  constexpr std::string_view kSpace = " \t\n\v\f\r";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return false;
  text = text.substr(first, text.find_last_not_of(kSpace) + 1 - first);
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::string WhyNoValue(std::string_view keyword, std::string_view value) {
  if (std::find(kIntegers.begin(), kIntegers.end(), keyword) != kIntegers.end())
    return IsInteger(value) ? "" : std::string(keyword) + " must be a whole number";
  // libpq quotes them in its messages, also if they are a key or a DSN with a password.
  if (!base::MayBeAPath(value)) {
    if (keyword == "service") return "service must be the name of a service";
    if (std::find(kPaths.begin(), kPaths.end(), keyword) != kPaths.end())
      return std::string(keyword) + " must be a path";
  }
  for (const Enumerated& one : kEnumerated) {
    if (one.keyword != keyword) continue;
    const auto end = std::find(one.values.begin(), one.values.end(), nullptr);
    const bool is_known = std::any_of(one.values.begin(), end, [&](const char* allowed) {
      return one.ignores_case ? strcasecmp(allowed, std::string(value).c_str()) == 0
                              : allowed == value;
    });
    if (is_known) return "";
    const std::vector<std::string> values(one.values.begin(), end);
    return std::string(keyword) + " must be one of " + base::Joined(values, ", ");
  }
  return "";
}

}  // namespace scidex::postgres
