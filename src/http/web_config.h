// The web configuration file, read whenever it is needed.
#pragma once

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

  // Reads the file, and parses it if its text has changed. Throws a std::exception that names the
  // file if it cannot be read or a password is not a bcrypt hash, and what `parse` throws.
  std::shared_ptr<const WebOptions> Read();

 private:
  const std::string path_;
  const Parse parse_;
  base::Mutex mutex_;
  base::Secret text_ SCIDEX_GUARDED_BY(mutex_);
  // Null until the file was valid.
  std::shared_ptr<const WebOptions> options_ SCIDEX_GUARDED_BY(mutex_);
};

}  // namespace scidex::http
