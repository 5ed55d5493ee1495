// Identifies the server that a probe judges, for the sessions that its pools lend. A name can lead
// to several servers (hosts in one DSN, a load balancer, a moved address), and a verdict on one
// does not apply to another.
#pragma once

#include <atomic>
#include <cstdint>

namespace scidex::postgres {

// SQL for the start time of a server.
inline constexpr const char* kServerStart =
    "(extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint";

// A server is identified by its start time in microseconds since the epoch. 0 means unknown, for
// example behind a pooler; then any session may belong to it. Thread-safe. Relaxed, because nothing
// is published together with the number: an acquire that still reads the previous one gets what it
// would have got a moment earlier.
class JudgedServer {
 public:
  void Set(std::int64_t started) noexcept { started_.store(started, std::memory_order_relaxed); }
  void SetIfUnknown(std::int64_t started) noexcept {
    std::int64_t unknown = 0;
    started_.compare_exchange_strong(unknown, started, std::memory_order_relaxed);
  }
  bool MayBe(std::int64_t started) const noexcept {
    const std::int64_t judged = started_.load(std::memory_order_relaxed);
    return judged == 0 || started == 0 || judged == started;
  }

 private:
  std::atomic<std::int64_t> started_{0};
};

}  // namespace scidex::postgres
