// Options of the HTTP server, with their defaults.
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
  // host:port, [IPv6]:port or :port; with port 0 the kernel chooses. Empty: there is no server.
  std::vector<std::string> listen_addresses{":19187"};
  // Maximum number of concurrent requests; further ones get 503 after a short wait. 0: 16,
  // and further ones wait without limit. Endpoints for everyone are not counted.
  int max_requests = 16;
  // How long a stop waits for responses in progress.
  base::Duration stop_grace = std::chrono::milliseconds(500);
  // Names that the Host header of a request may contain; addresses are always allowed. Empty: any
  // name. Endpoints for everyone are exempt.
  std::vector<std::string> allowed_hosts;
  // Files of the process that are not the server's; the limit of clients leaves room for them in
  // the limit of open files.
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

// Whether a client must have a certificate, and whether one that it has is verified.
inline bool RequiresCertificate(ClientAuth how) {
  return how == ClientAuth::kRequireAny || how == ClientAuth::kRequireAndVerify;
}
inline bool VerifiesCertificate(ClientAuth how) {
  return how == ClientAuth::kVerifyIfGiven || how == ClientAuth::kRequireAndVerify;
}

struct TlsOptions {
  // At most one of each pair is set: the text in PEM, or the path of a file that contains it.
  std::string cert;
  std::string cert_file;
  base::Secret key;
  std::string key_file;
  std::string client_ca;
  std::string client_ca_file;

  ClientAuth client_auth = ClientAuth::kNone;
  // If not empty, a client's certificate must contain one of these subject alternative names: host
  // names, mail addresses, IP addresses, URIs.
  std::vector<std::string> client_allowed_sans;
  TlsVersion min_version = TlsVersion::kTls12;
  TlsVersion max_version = TlsVersion::kTls13;
  // IANA names of suites for TLS versions before 1.3. Empty: suites with forward secrecy and
  // authenticated encryption; OpenSSL's default if min_version is below 1.2.
  std::vector<std::string> cipher_suites;
  // CurveP256, CurveP384, CurveP521, X25519; empty means OpenSSL's default.
  std::vector<std::string> curves;
  bool prefer_server_cipher_suites = true;
};

// The web configuration file of Prometheus exporters.
// https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md
struct WebOptions {
  // Whether the file configures TLS.
  bool tls_enabled = false;
  TlsOptions tls;
  // Added to every response that does not have them.
  std::map<std::string, std::string> headers;
  // The bcrypt hash of each user's password. Without users, no login is required.
  std::map<std::string, base::Secret> users;
};

}  // namespace scidex::http
