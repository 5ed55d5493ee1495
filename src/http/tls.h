// TLS of the server, by what the web configuration file and the files that it names hold.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "base/mutex.h"
#include "base/secret.h"
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
  explicit Tls(WebConfig& config) : config_(config) {}

  // For the next handshake: the files are read each time, so that a renewed certificate needs no
  // restart. Throws TlsError, and what WebConfig::Read() throws.
  TlsContext Context();

 private:
  // What a context is made of.
  struct Material;

  WebConfig& config_;
  base::Mutex mutex_;
  std::shared_ptr<const Material> material_ SCIDEX_GUARDED_BY(mutex_);
  TlsContext context_ SCIDEX_GUARDED_BY(mutex_);
};

}  // namespace scidex::http
