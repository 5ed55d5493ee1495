#include "http/web_config.h"

#include <utility>

#include "base/read_file.h"
#include "http/error.h"
#include "http/logins.h"

namespace scidex::http {

WebConfig::WebConfig(std::string path, Parse parse)
    : path_(std::move(path)), parse_(std::move(parse)) {}

std::shared_ptr<const WebOptions> WebConfig::Read() {
  base::Secret text(base::ReadFile(path_));
  {
    const base::MutexLock lock(mutex_);
    if (options_ != nullptr && text == text_) return options_;
  }
  auto options = std::make_shared<const WebOptions>(parse_(text.Reveal()));
  for (const auto& [user, hash] : options->users) {
    if (!IsBcryptHash(hash.Reveal())) {
      throw ServerError(
          path_ + ": basic_auth_users." + user +
          ": is not a bcrypt hash with a cost up to 16; create one: htpasswd -nBC 10 ''");
    }
  }
  const base::MutexLock lock(mutex_);
  text_ = std::move(text);
  options_ = options;
  return options;
}

}  // namespace scidex::http
