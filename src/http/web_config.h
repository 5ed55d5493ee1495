// The web configuration file, as it is at each moment.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "http/options.h"

namespace scidex::http {

// Thread safe.
class WebConfig {
 public:
  // Throws a std::exception that names the place for a text that is not right.
  using Parse = std::function<WebOptions(const std::string& text)>;

  // Reads nothing yet.
  WebConfig(std::string path, Parse parse);

  // What the file says now: it is read each time, and parsed when its text has changed. Throws a
  // std::exception that names the file where it cannot be read, and what `parse` throws.
  std::shared_ptr<const WebOptions> Read();

 private:
  const std::string path_;
  const Parse parse_;
  base::Mutex mutex_;
  base::Secret text_ SCIDEX_GUARDED_BY(mutex_);
  // Null until a text was right.
  std::shared_ptr<const WebOptions> options_ SCIDEX_GUARDED_BY(mutex_);
};

}  // namespace scidex::http
