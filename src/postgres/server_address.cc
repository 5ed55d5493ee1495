#include "postgres/server_address.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/joined.h"
#include "base/utf8.h"

namespace scidex::postgres {
namespace {

using routing::ServerAddress;

// Truncates at a character boundary.
std::string Bounded(std::string_view text) {
  std::string shown = base::ToUtf8(text);
  std::size_t length = 0;
  while (length < shown.size()) {
    const std::size_t next = base::SequenceLength(std::string_view(shown).substr(length));
    if (length + next > ServerAddress::kMaxBytes) break;
    length += next;
  }
  shown.resize(length);
  return shown;
}

std::string Text(const char* text) { return text == nullptr ? std::string() : Bounded(text); }

std::string HostOf(const Endpoint& endpoint) {
  return endpoint.host.empty() ? endpoint.hostaddr : endpoint.host;
}

}  // namespace

ServerAddress AddressOf(const PGconn* connection) {
  return {Text(PQhost(connection)), Text(PQport(connection)), Text(PQdb(connection))};
}

ServerAddress ExpectedAddress(const Dsn& dsn) {
  const std::vector<Endpoint>& endpoints = dsn.endpoints();
  bool same_port = true;
  for (const Endpoint& endpoint : endpoints)
    same_port = same_port && endpoint.port == endpoints.front().port;
  const std::string dbname = dsn.Get("dbname");
  return {Bounded(base::Joined(endpoints, ",", HostOf)),
          same_port ? Bounded(endpoints.front().port)
                    : Bounded(base::Joined(endpoints, ",", &Endpoint::port)),
          // libpq's default.
          Bounded(dbname.empty() ? dsn.Get("user") : dbname)};
}

}  // namespace scidex::postgres
