// A string that must not be printed: it has no stream operator and no conversion. To find out where
// secrets go, search for Reveal().
#pragma once

#include <string>
#include <utility>

namespace scidex::base {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}

  bool empty() const { return value_.empty(); }
  // For whatever needs the secret itself; never for a message, a page or a log.
  const std::string& Reveal() const { return value_; }

  friend bool operator==(const Secret& a, const Secret& b) { return a.value_ == b.value_; }

 private:
  std::string value_;
};

}  // namespace scidex::base
