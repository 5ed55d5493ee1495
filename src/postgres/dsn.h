// A connection string of libpq: checked, and never shown whole.
// https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING
#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/secret.h"

namespace scidex::postgres {

// What is wrong with a DSN. The message never repeats any part of it: what looks like a keyword or
// a host may be a piece of a password with a stray blank or slash.
class DsnError : public std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

// One server to try. Empty fields are left to libpq.
struct Endpoint {
  std::string host;
  std::string hostaddr;
  std::string port;
};

class Dsn {
 public:
  // Both forms, key=value and URI; empty is libpq's defaults. Throws DsnError.
  static Dsn Parse(const base::Secret& dsn);

  // The value of a libpq keyword, from the DSN or else from libpq's defaults (environment,
  // service); "" if neither.
  std::string Get(const std::string& keyword) const;
  // The same where `parameters` win over the DSN.
  std::string Get(const std::string& keyword,
                  const std::map<std::string, base::Secret>& parameters) const;
  // Every keyword that the DSN itself sets. Holds the password: not for people.
  const std::map<std::string, base::Secret>& parameters() const { return parameters_; }
  // The servers in the order in which they are to be tried; at least one.
  const std::vector<Endpoint>& endpoints() const { return endpoints_; }
  // "host=db1,db2 port=5432 dbname=app user=app": what is safe to show.
  std::string Redacted() const;

 private:
  std::map<std::string, base::Secret> parameters_;
  std::map<std::string, base::Secret> defaults_;
  std::vector<Endpoint> endpoints_;
};

// Whether the two, each of which parses, are the same but for who logs in and how, or the same
// altogether.
bool DifferInLoginAlone(const base::Secret& a, const base::Secret& b);

}  // namespace scidex::postgres
