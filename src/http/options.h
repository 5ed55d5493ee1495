// What the HTTP server is told. The values here are the defaults.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum.h"
#include "base/secret.h"
#include "base/time.h"

namespace scidex::http {

struct ServerOptions {
  // host:port, [IPv6]:port or :port; port 0 lets the kernel choose.
  // Without any there is no server.
  std::vector<std::string> listen_addresses{":19187"};
  // Requests that are answered at once; one more gets 503. 0 is no limit: then they wait for each
  // other. Endpoints for everyone are not counted.
  int max_requests = 16;
  // At the end: for the responses under way.
  base::Duration stop_grace = std::chrono::milliseconds(500);
  // Names that a request's Host may have; an address may be there in any case. Empty: any name.
  // Endpoints for everyone do not care.
  std::vector<std::string> allowed_hosts;
  // Files of the process that are not the server's: its clients leave room for as many in the limit
  // of open files.
  std::size_t reserved_files = 64;

  friend bool operator==(const ServerOptions&, const ServerOptions&) = default;
};

enum class TlsVersion { kTls10, kTls11, kTls12, kTls13 };

enum class ClientAuth {
  kNone,
  kRequest,
  kRequireAny,
  kVerifyIfGiven,
  kRequireAndVerify,
};

struct TlsOptions {
  // Of each pair one is set at most: the text in PEM, or the path of a file that holds it.
  std::string cert;
  std::string cert_file;
  base::Secret key;
  std::string key_file;
  std::string client_ca;
  std::string client_ca_file;

  ClientAuth client_auth = ClientAuth::kNone;
  // A client's certificate must hold one of these, if there are any: names of hosts, mail
  // addresses, addresses, URIs.
  std::vector<std::string> client_allowed_sans;
  TlsVersion min_version = TlsVersion::kTls12;
  TlsVersion max_version = TlsVersion::kTls13;
  // By their names in the IANA's registry, for versions before 1.3; empty is OpenSSL's choice.
  std::vector<std::string> cipher_suites;
  // CurveP256, CurveP384, CurveP521, X25519; empty is OpenSSL's choice.
  std::vector<std::string> curves;
  bool prefer_server_cipher_suites = true;
};

// What exporters let their operators say of their web server in a file of its own.
// https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md
struct WebOptions {
  // Whether the file speaks of TLS at all.
  bool tls_enabled = false;
  TlsOptions tls;
  // Added to every answer that does not have them already.
  std::map<std::string, std::string> headers;
  // The bcrypt hash of each user's password. Without users everybody is let in.
  std::map<std::string, base::Secret> users;
};

}  // namespace scidex::http
