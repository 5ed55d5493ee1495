// A string that must not be shown: it has no stream operator, no conversion and no comparison that
// could print it, and Reveal() is the one word to search for when asking where secrets go.
#pragma once

#include <string>
#include <utility>

namespace scidex::base {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}

  bool empty() const { return value_.empty(); }
  const std::string& Reveal() const { return value_; }

  friend bool operator==(const Secret& a, const Secret& b) { return a.value_ == b.value_; }

 private:
  std::string value_;
};

}  // namespace scidex::base
