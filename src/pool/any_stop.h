// A stop token that is stopped by whichever of several comes first.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <stop_token>

namespace scidex::pool {

// Costs nothing until the token is needed, as most acquires need none. Must be used by one thread.
class AnyStop {
 public:
  // Null sources are ignored. All must outlive this object.
  AnyStop(const std::stop_token& caller, const std::stop_source* second,
          const std::stop_source* third = nullptr)
      : caller_(caller), sources_{second, third} {}
  AnyStop(const AnyStop&) = delete;
  AnyStop& operator=(const AnyStop&) = delete;

  // Valid as long as this object. Throws std::bad_alloc.
  const std::stop_token& token();

 private:
  struct Request {
    void operator()() const { either->request_stop(); }
    std::stop_source* either;
  };
  struct Relay {
    Relay() : token(either.get_token()) {}
    std::stop_source either;
    std::stop_token token;
    std::array<std::optional<std::stop_callback<Request>>, 3> callbacks;
  };

  const std::stop_token& caller_;
  const std::array<const std::stop_source*, 2> sources_;
  std::optional<Relay> relay_;
};

}  // namespace scidex::pool
