// TLS of the server, by what the web configuration file and the files that it names hold.
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

// Why TLS cannot be had with these options: the file or the key, what is wrong with it, and what
// would be right. Never holds a key.
class TlsError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Thread safe.
class Tls {
 public:
  // A certificate and its key are two files, which are seldom replaced at the same moment. For so
  // long a pair that does not match leaves the one before it in force.
  static constexpr base::Duration kMismatchGrace = std::chrono::seconds(30);

  explicit Tls(WebConfig& config, const base::Clock& clock = base::RealClock())
      : config_(config), clock_(clock) {}

  // For the next handshake: the files are read each time, so that a renewed certificate needs no
  // restart. The same as before where nothing has changed. Throws TlsError, and what
  // WebConfig::Read() throws.
  TlsContext Context();

 private:
  // What a context is made of.
  struct Material;

  Material Read();
  // The one before, where `found` differs from its material in a pair that does not match yet.
  TlsContext InGrace(const Material& found, const TlsError& mismatch);

  WebConfig& config_;
  const base::Clock& clock_;
  base::Mutex mutex_;
  // Since when the pair does not match; nothing where it does.
  std::optional<base::TimePoint> mismatched_since_ SCIDEX_GUARDED_BY(mutex_);
  std::shared_ptr<const Material> material_ SCIDEX_GUARDED_BY(mutex_);
  TlsContext context_ SCIDEX_GUARDED_BY(mutex_);
};

}  // namespace scidex::http
