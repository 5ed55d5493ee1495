// A stop token that is stopped by whichever of several comes first.
#pragma once

#include <array>
#include <optional>
#include <stop_token>

namespace scidex::pool {

// What may stop an acquire. Costs nothing until it becomes a token, as most acquires need none. All
// that it refers to must outlive it; null sources are ignored.
struct StopSources {
  const std::stop_token& caller;
  const std::stop_source* second = nullptr;
  const std::stop_source* third = nullptr;
};

// Thread-safe.
class AnyStop {
 public:
  // Throws std::bad_alloc.
  explicit AnyStop(const StopSources& sources);
  AnyStop(const AnyStop&) = delete;
  AnyStop& operator=(const AnyStop&) = delete;

  // Valid as long as this object.
  const std::stop_token& token() const { return token_; }

 private:
  struct Request {
    void operator()() const { either->request_stop(); }
    std::stop_source* either;
  };

  std::stop_source either_;
  const std::stop_token token_ = either_.get_token();
  std::array<std::optional<std::stop_callback<Request>>, 3> callbacks_;
};

}  // namespace scidex::pool
