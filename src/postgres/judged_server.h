// Which server a probe judges, for the sessions that its pools lend: a name can lead to
// several (hosts in one DSN, a load balancer, a moved address), and what was judged of one does not
// hold for another.
#pragma once

#include <atomic>
#include <cstdint>

namespace scidex::postgres {

// When a server was started, as SQL.
inline constexpr const char* kServerStart =
    "(extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint";

// A server is told by when it was started, in microseconds since the epoch; 0 is not known, as
// behind a pooler, and then any session may be of it. Thread-safe.
class JudgedServer {
 public:
  void Set(std::int64_t started) noexcept { started_.store(started, std::memory_order_relaxed); }
  bool MayBe(std::int64_t started) const noexcept {
    const std::int64_t judged = started_.load(std::memory_order_relaxed);
    return judged == 0 || started == 0 || judged == started;
  }

 private:
  std::atomic<std::int64_t> started_{0};
};

}  // namespace scidex::postgres
