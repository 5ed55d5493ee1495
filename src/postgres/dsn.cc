#include "postgres/dsn.h"

#include <strings.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>

#include "base/ascii.h"
#include "base/quoted.h"
#include "postgres/dsn_values.h"
#include "postgres/libpq.h"
#include "postgres/libpq_files.h"

namespace scidex::postgres {
namespace {

constexpr std::string_view kExpected =
    "write postgresql://user@host:5432/dbname or host=… port=… dbname=… user=…";

[[noreturn]] void Refuse(const std::string& what) {
  throw DsnError("not a PostgreSQL connection string: " + what + "; " + std::string(kExpected));
}

std::vector<std::string> SplitList(const std::string& list) {
  std::vector<std::string> items;
  std::size_t from = 0;
  for (std::size_t comma = list.find(','); comma != std::string::npos;
       comma = list.find(',', from)) {
    items.push_back(list.substr(from, comma - from));
    from = comma + 1;
  }
  items.push_back(list.substr(from));
  return items;
}

// libpq's message quotes the offending text; only the kind of error is passed on.
std::string KindOf(std::string_view libpq_message) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kKinds{{
      {"missing \"=\"", "a keyword without \"=\" (a blank in a value must be in single quotes)"},
      {"invalid connection option", "a keyword that libpq does not know"},
      {"unterminated quoted string", "a single quote that is not closed"},
      {"invalid URI query parameter", "a parameter after \"?\" that libpq does not know"},
      {"missing key/value separator", "a parameter after \"?\" without \"=\""},
      {"extra key/value separator", "a parameter after \"?\" with two \"=\""},
      {"invalid percent-encoded token", "a \"%\" that is not followed by two hexadecimal digits"},
      {"forbidden value %00", "a %00"},
      {"end of string reached", "a \"[\" around an IPv6 address that is not closed"},
      {"unexpected character", "an unexpected character after the host"},
  }};
  for (const auto& [prefix, kind] : kKinds) {
    if (libpq_message.starts_with(prefix)) return std::string(kind);
  }
  return "invalid syntax";
}

// The unknown parameter after "?", from libpq's message; "" if it may be part of a password: a
// password with "/" and "?" is followed by "@", and one with "&" is split into parameters.
std::string NamedParameter(std::string_view libpq_message, const std::string& dsn) {
  constexpr std::string_view kBefore = "invalid URI query parameter: \"";
  if (!libpq_message.starts_with(kBefore)) return "";
  const std::string_view rest = libpq_message.substr(kBefore.size());
  const std::string name(rest.substr(0, rest.find('"')));
  const bool is_word =
      !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
      });
  const std::size_t query = dsn.find('?');
  const std::size_t at = query == std::string::npos ? query : dsn.find(name, query);
  if (!is_word || at == std::string::npos || dsn.find('@', query) != std::string::npos) return "";
  const std::string before = dsn.substr(query, at - query);
  // Includes sslpassword, and parameters with %-escapes.
  if (before.find("pass") != std::string::npos || before.find('%') != std::string::npos) return "";
  return ": " + base::Quoted(name);
}

bool IsPort(const std::string& text) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port >= 1 && port <= 65535;
}

// libpq takes any text after a keyword as its value. A list of keywords with a wrong separator,
// including the password, would thus become the name of a host or a database, which is shown.
void CheckNames(const Dsn& dsn) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kNoPartOf{{
      {"host", "=; \t\n\v\f\r"},
      {"hostaddr", "=; \t\n\v\f\r"},
      {"dbname", "=;,"},
      {"user", "=;,:"},
  }};
  for (const auto& [keyword, characters] : kNoPartOf) {
    const std::string value = dsn.Get(std::string(keyword));
    // The path of a socket directory may contain blanks.
    const bool is_path = keyword == "host" && (value.starts_with('/') || value.starts_with('@'));
    if (value.find_first_of(is_path ? "=;" : characters) != std::string::npos) {
      Refuse("the value of " + std::string(keyword) +
             " contains a character that is invalid there; separate keywords by blanks, and those "
             "in a "
             "URI by \"&\" after one \"?\"");
    }
    if (std::any_of(value.begin(), value.end(), &base::IsControl))
      Refuse("the value of " + std::string(keyword) + " contains a control character");
  }
}

void CheckValues(const Dsn& dsn) {
  // PQconninfoParse() does not read the service file, so port 5432 of libpq's defaults would win
  // over the service's. libpq's defaults include PGSERVICE.
  if (dsn.parameters().contains("service")) {
    Refuse("service= is supported only in the environment: set PGSERVICE, or write host and port");
  }
  const std::string port = dsn.Get("port");
  for (const std::string& one : SplitList(port)) {
    if (!one.empty() && !IsPort(one)) Refuse("the port is not a number from 1 to 65535");
  }
  CheckNames(dsn);
  // The name of an abstract socket begins with "@"; any other is most likely part of a password.
  const std::vector<std::string> hosts = SplitList(dsn.Get("host"));
  const bool is_inside = std::any_of(hosts.begin(), hosts.end(), [](const std::string& host) {
    return host.find('@', 1) != std::string::npos;
  });
  if (is_inside || dsn.Get("dbname").find('@') != std::string::npos) {
    Refuse(
        "an \"@\" inside the host or the database name (in a URI, write %40 for @, %2F for / and "
        "%3A for : in the password)");
  }
}

// Why libpq refuses the option's value, or "". Requires a value, which may be empty.
std::string ErrorInValue(const PQconninfoOption& option) {
  std::string why = WhyNoValue(option.keyword, option.val);
  if (!why.empty() && *option.val == '\0') why += ", and is empty";
  return why;
}

// Before NonEmpty(): libpq also refuses empty values of some keywords when it connects.
void CheckOptionValues(const PQconninfoOption* options) {
  for (; options != nullptr && options->keyword != nullptr; ++options) {
    if (options->val == nullptr) continue;
    const std::string why = ErrorInValue(*options);
    if (!why.empty()) Refuse(why);
  }
}

// What the DSN does not set comes from the service, from the environment, or is libpq's default.
std::string OriginOf(const PQconninfoOption& option) {
  const char* const variable = option.envvar == nullptr ? nullptr : std::getenv(option.envvar);
  if (variable != nullptr && std::string_view(variable) == option.val) return option.envvar;
  return std::getenv("PGSERVICE") == nullptr ? "" : "the service that PGSERVICE names";
}

void CheckDefaultValues(const std::map<std::string, base::Secret>& parameters,
                        const PQconninfoOption* options) {
  for (; options != nullptr && options->keyword != nullptr; ++options) {
    if (options->val == nullptr || parameters.contains(options->keyword)) continue;
    const std::string origin = OriginOf(*options);
    const std::string why = ErrorInValue(*options);
    if (origin.empty() || why.empty()) continue;
    std::string message = "the value that the DSN takes from ";
    throw DsnError(message.append(origin).append(" is invalid: ").append(why));
  }
}

// libpq refuses an empty range of TLS versions. Requires valid values, which are thus no secret.
void CheckTlsVersions(const std::map<std::string, base::Secret>& parameters,
                      const PQconninfoOption* defaults) {
  std::array<std::string, 2> versions;
  std::array<std::string, 2> texts;
  constexpr std::array<const char*, 2> kKeywords{"ssl_min_protocol_version",
                                                 "ssl_max_protocol_version"};
  for (std::size_t i = 0; i < kKeywords.size(); ++i) {
    std::string from;
    if (const auto own = parameters.find(kKeywords[i]); own != parameters.end()) {
      versions[i] = own->second.Reveal();
    } else {
      for (const PQconninfoOption* one = defaults; one != nullptr && one->keyword; ++one) {
        if (one->val == nullptr || std::string_view(one->keyword) != kKeywords[i]) continue;
        versions[i] = one->val;
        const std::string origin = OriginOf(*one);
        from = origin.empty() ? ", the default of libpq" : ", from " + origin;
      }
    }
    texts[i].append(kKeywords[i]).append(" (").append(versions[i]).append(from).append(")");
  }
  if (versions[0].empty() || versions[1].empty() ||
      strcasecmp(versions[0].c_str(), versions[1].c_str()) <= 0) {
    return;
  }
  throw DsnError(texts[0] + " is above " + texts[1] + "; no TLS version is left");
}

std::map<std::string, base::Secret> NonEmpty(const PQconninfoOption* options) {
  std::map<std::string, base::Secret> values;
  for (; options != nullptr && options->keyword != nullptr; ++options) {
    if (options->val != nullptr && *options->val != '\0') {
      values.emplace(options->keyword, base::Secret(options->val));
    }
  }
  return values;
}

// By libpq's rule, a list of one port applies to all hosts; otherwise the lists must have the same
// length.
std::vector<Endpoint> EndpointsOf(const Dsn& dsn) {
  const std::vector<std::string> hosts = SplitList(dsn.Get("host"));
  const std::vector<std::string> addresses = SplitList(dsn.Get("hostaddr"));
  const std::vector<std::string> ports = SplitList(dsn.Get("port"));
  const std::size_t count = std::max(hosts.size(), addresses.size());
  const auto pick = [count](const std::vector<std::string>& list, const char* what, std::size_t i) {
    if (list.size() == count) return list[i];
    if (list.size() == 1 && (list[0].empty() || std::string_view(what) == "port")) return list[0];
    Refuse("it has " + std::to_string(count) + " hosts, but a list of " + what +
           "s of a different length");
  };
  std::vector<Endpoint> endpoints;
  for (std::size_t i = 0; i < count; ++i) {
    endpoints.push_back(
        {pick(hosts, "host", i), pick(addresses, "hostaddr", i), pick(ports, "port", i)});
  }
  return endpoints;
}

}  // namespace

Dsn Dsn::Parse(const base::Secret& dsn) {
  Dsn parsed;
  char* message = nullptr;
  const ConninfoPtr options(PQconninfoParse(dsn.Reveal().c_str(), &message));
  if (!options) {
    const std::string_view heard = message == nullptr ? "" : message;
    const std::string kind = KindOf(heard) + NamedParameter(heard, dsn.Reveal());
    PQfreemem(message);
    Refuse(kind);
  }
  CheckOptionValues(options.get());
  parsed.parameters_ = NonEmpty(options.get());
  CheckServiceFiles();
  const ConninfoPtr defaults(PQconndefaults());
  CheckDefaultValues(parsed.parameters_, defaults.get());
  CheckTlsVersions(parsed.parameters_, defaults.get());
  parsed.defaults_ = NonEmpty(defaults.get());
  CheckValues(parsed);
  parsed.endpoints_ = EndpointsOf(parsed);
  return parsed;
}

std::string Dsn::Get(const std::string& keyword) const {
  for (const auto* values : {&parameters_, &defaults_}) {
    if (const auto found = values->find(keyword); found != values->end())
      return found->second.Reveal();
  }
  return "";
}

std::string Dsn::Get(const std::string& keyword,
                     const std::map<std::string, base::Secret>& parameters) const {
  const auto found = parameters.find(keyword);
  return found == parameters.end() ? Get(keyword) : found->second.Reveal();
}

std::string Dsn::Redacted() const {
  std::string text;
  for (const char* keyword : {"service", "host", "hostaddr", "port", "dbname", "user"}) {
    const std::string value = Get(keyword);
    if (value.empty()) continue;
    if (!text.empty()) text += ' ';
    text += keyword;
    text += '=';
    text += value;
  }
  return text;
}

bool LeadToSameServer(const base::Secret& a, const base::Secret& b) {
  const auto addresses = [](const base::Secret& dsn) {
    const auto parameters = Dsn::Parse(dsn).parameters();
    std::map<std::string, base::Secret> found;
    for (const char* keyword :
         {"host", "hostaddr", "port", "dbname", "target_session_attrs", "load_balance_hosts"}) {
      const auto parameter = parameters.find(keyword);
      if (parameter != parameters.end()) found.insert(*parameter);
    }
    return found;
  };
  return a == b || addresses(a) == addresses(b);
}

bool DifferInLoginAlone(const base::Secret& a, const base::Secret& b) {
  const auto but_login = [](const base::Secret& dsn) {
    auto parameters = Dsn::Parse(dsn).parameters();
    for (const char* keyword : {"user", "password", "sslpassword"}) parameters.erase(keyword);
    return parameters;
  };
  return a == b || but_login(a) == but_login(b);
}

}  // namespace scidex::postgres
