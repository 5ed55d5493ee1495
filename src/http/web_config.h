// The web configuration file, read whenever it is needed.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "http/options.h"

namespace scidex::http {

// Thread-safe.
class WebConfig {
 public:
  // Throws a std::exception with the position of the error if the text is invalid.
  using Parse = std::function<WebOptions(const std::string& text)>;

  // Does not read the file yet.
  WebConfig(std::string path, Parse parse);

  // Reads the file, and parses it if its text differs from the latest valid and the latest invalid
  // one. Throws a std::exception that names the file if it cannot be read or a password is not a
  // bcrypt hash, and what `parse` throws.
  //
  // Also throws if the file no longer has a protection that it had at an earlier call: a login, or
  // one of the conditions on client certificates. A file that is being replaced is empty or
  // truncated for a moment, and such a loss is more likely an accident than a request. Also if it
  // configures TLS and did not at the first call, or the reverse: a running server cannot change
  // that.
  std::shared_ptr<const WebOptions> Read();

 private:
  static constexpr std::size_t kProtections = 5;
  struct Protection;
  static const std::array<Protection, kProtections>& Protections();

  std::shared_ptr<const WebOptions> Accept(base::Secret text);
  // Empty if nothing was lost.
  std::string WhyRefused(const WebOptions& options) SCIDEX_REQUIRES(mutex_);

  const std::string path_;
  const Parse parse_;
  base::Mutex mutex_;
  base::Secret text_ SCIDEX_GUARDED_BY(mutex_);
  // Null until the file was valid.
  std::shared_ptr<const WebOptions> options_ SCIDEX_GUARDED_BY(mutex_);
  // The latest invalid text, and why. A file remains invalid until it is replaced; parsing a long
  // one for each request would delay health checks.
  base::Secret invalid_text_ SCIDEX_GUARDED_BY(mutex_);
  std::string why_invalid_ SCIDEX_GUARDED_BY(mutex_);
  // Which of Protections() the file has had.
  std::array<bool, kProtections> had_ SCIDEX_GUARDED_BY(mutex_) = {};
};

}  // namespace scidex::http
