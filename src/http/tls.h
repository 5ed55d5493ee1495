// The server's TLS, as configured by the web configuration file and the files that it names.
#pragma once

#include <openssl/ssl.h>

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/secret.h"
#include "base/time.h"
#include "http/options.h"
#include "http/web_config.h"

namespace scidex::http {

using TlsContext = std::shared_ptr<SSL_CTX>;

// TLS cannot be configured with these options. The message names the file or the key, what is
// wrong, and often a remedy. Never contains a private key.
class TlsError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Thread-safe.
class Tls {
 public:
  // A certificate and its key are two files, which are rarely replaced at the same moment. During
  // this time, a pair that does not match leaves the previous one in use.
  static constexpr base::Duration kMismatchGrace = std::chrono::seconds(30);

  // `config` must configure TLS.
  explicit Tls(WebConfig& config, const base::Clock& clock = base::RealClock())
      : config_(config), clock_(clock) {}

  // Returns the context for the next handshake: the previous one if nothing has changed. Reads the
  // files each time, so that a renewed certificate requires no restart. Throws TlsError and the
  // exceptions of WebConfig::Read() and base::ReadFile().
  TlsContext Context();

 private:
  // The inputs of a context.
  struct Material;

  Material Read();
  // Returns the previous context if `found` differs only in a pair that does not match, within
  // kMismatchGrace; otherwise null.
  TlsContext InGrace(const Material& found, const TlsError& mismatch);

  WebConfig& config_;
  const base::Clock& clock_;
  base::Mutex mutex_;
  // When the pair ceased to match; nothing while it matches.
  std::optional<base::TimePoint> mismatched_since_ SCIDEX_GUARDED_BY(mutex_);
  std::shared_ptr<const Material> material_ SCIDEX_GUARDED_BY(mutex_);
  TlsContext context_ SCIDEX_GUARDED_BY(mutex_);
};

}  // namespace scidex::http
