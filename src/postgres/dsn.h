// A libpq connection string: validated, and never shown completely.
// https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING
#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/secret.h"

namespace scidex::postgres {

// What is wrong with a DSN. The message never repeats any part of it: apparent keywords and hosts
// may be part of a password with a stray blank or slash.
class DsnError : public std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

// A server to try. Empty fields are left to libpq.
struct Endpoint {
  std::string host;
  std::string hostaddr;
  std::string port;
};

class Dsn {
 public:
  // Accepts both forms, key=value and URI; an empty DSN means libpq's defaults. Throws DsnError.
  static Dsn Parse(const base::Secret& dsn);

  // The value of a libpq keyword, from the DSN or otherwise from libpq's defaults (environment,
  // service); "" if neither sets it.
  std::string Get(const std::string& keyword) const;
  // The same, but `parameters` take precedence over the DSN.
  std::string Get(const std::string& keyword,
                  const std::map<std::string, base::Secret>& parameters) const;
  // All keywords that the DSN itself sets. Contains the password: not to be shown.
  const std::map<std::string, base::Secret>& parameters() const { return parameters_; }
  // The servers in the order in which they are tried; at least one.
  const std::vector<Endpoint>& endpoints() const { return endpoints_; }
  // "host=db1,db2 port=5432 dbname=app user=app": the parts that are safe to show.
  std::string Redacted() const;

 private:
  std::map<std::string, base::Secret> parameters_;
  std::map<std::string, base::Secret> defaults_;
  std::vector<Endpoint> endpoints_;
};

// Returns whether two valid DSNs have the same addresses, choose among them in the same way, and
// name the same database, by which a pooler may choose a server.
bool LeadToSameServer(const base::Secret& a, const base::Secret& b);

// Returns whether two valid DSNs are equal or differ only in the user and how it authenticates.
bool DifferInLoginAlone(const base::Secret& a, const base::Secret& b);

}  // namespace scidex::postgres
