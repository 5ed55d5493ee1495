#include "http/web_config.h"

#include <stdexcept>
#include <utility>

#include "base/read_file.h"
#include "http/error.h"
#include "http/logins.h"

namespace scidex::http {

// What limits who may connect, and what to say of a file that has lost it.
struct WebConfig::Protection {
  bool (*is_in)(const WebOptions& options);
  const char* lost;
};

const std::array<WebConfig::Protection, WebConfig::kProtections>& WebConfig::Protections() {
  static constexpr std::array<Protection, kProtections> kAll{
      {{[](const WebOptions& options) { return !options.users.empty(); },
        "no longer names users; to allow access without a login, restart the server"},
       {[](const WebOptions& options) { return RequiresCertificate(options.tls.client_auth); },
        "no longer requires client certificates; to allow clients without one, restart the "
        "server"},
       {[](const WebOptions& options) { return VerifiesCertificate(options.tls.client_auth); },
        "no longer verifies client certificates; to accept any certificate, restart the server"},
       {[](const WebOptions& options) {
          return !options.tls.client_ca.empty() || !options.tls.client_ca_file.empty();
        },
        "no longer names the CA of client certificates; to trust all CAs of the system, restart "
        "the server"},
       {[](const WebOptions& options) { return !options.tls.client_allowed_sans.empty(); },
        "no longer has client_allowed_sans; to allow client certificates with any name, restart "
        "the server"}}};
  return kAll;
}

WebConfig::WebConfig(std::string path, Parse parse)
    : path_(std::move(path)), parse_(std::move(parse)) {}

std::shared_ptr<const WebOptions> WebConfig::Read() {
  base::Secret text(base::ReadFile(path_));
  {
    const base::MutexLock lock(mutex_);
    if (options_ != nullptr && text == text_) return options_;
    if (!why_invalid_.empty() && text == invalid_text_) throw ServerError(why_invalid_);
  }
  try {
    return Accept(text);
  } catch (const std::runtime_error& error) {
    const base::MutexLock lock(mutex_);
    why_invalid_ = error.what();
    invalid_text_ = std::move(text);
    throw;
  }
}

std::shared_ptr<const WebOptions> WebConfig::Accept(base::Secret text) {
  auto options = std::make_shared<const WebOptions>(parse_(text.Reveal()));
  for (const auto& [user, hash] : options->users) {
    // RFC 7617, section 2. The name is probably followed by a password.
    if (user.find(':') != std::string::npos) {
      throw ServerError(
          path_ + ": basic_auth_users: has a user name with a colon; is a space missing after it?");
    }
    if (!IsBcryptHash(hash.Reveal())) {
      throw ServerError(
          path_ + ": basic_auth_users." + user +
          ": is not a bcrypt hash with a cost up to 16; create one: htpasswd -nBC 10 ''");
    }
  }
  const base::MutexLock lock(mutex_);
  if (const std::string why = WhyRefused(*options); !why.empty())
    throw ServerError(path_ + ": " + why);
  for (std::size_t i = 0; i < kProtections; ++i)
    had_[i] = had_[i] || Protections()[i].is_in(*options);
  text_ = std::move(text);
  options_ = options;
  return options;
}

std::string WebConfig::WhyRefused(const WebOptions& options) {
  if (options_ == nullptr) return "";
  if (options.tls_enabled != options_->tls_enabled) {
    return options.tls_enabled
               ? "configures TLS, but the server was started without TLS; restart it"
               : "no longer configures TLS, but the server was started with TLS; restart it";
  }
  for (std::size_t i = 0; i < kProtections; ++i) {
    const Protection& one = Protections()[i];
    if (had_[i] && !one.is_in(options)) return one.lost;
  }
  return "";
}

}  // namespace scidex::http
