#include "http/message.h"

#include <strings.h>

namespace scidex::http {

const std::string& Request::Header(const std::string& name) const {
  static const std::string kNone;
  for (const auto& [key, value] : headers) {
    if (strcasecmp(key.c_str(), name.c_str()) == 0) return value;
  }
  return kNone;
}

}  // namespace scidex::http
