// Shared by the tests of the server, which listens on a free port of 127.0.0.1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "http/server.h"
#include "support/eventually.h"

namespace scidex::http {

// An hour, so that a server that waits for it needlessly never stops.
inline ServerOptions ListenOn(std::vector<std::string> addresses, int max_requests = 4) {
  ServerOptions options;
  options.listen_addresses = std::move(addresses);
  options.max_requests = max_requests;
  options.stop_grace = std::chrono::hours(1);
  return options;
}

inline ServerOptions ListenOnLoopback(int max_requests = 4) {
  return ListenOn({"127.0.0.1:0"}, max_requests);
}

inline Response Text(std::string body) {
  Response response;
  response.body = std::move(body);
  return response;
}

inline std::string TextOfSize(std::size_t size) {
  std::string text;
  text.resize(size, 'x');
  return text;
}

inline Handler RespondWith(std::string body) {
  return [body = std::move(body)](const Request&) { return Text(body); };
}

inline std::uint64_t CountOf(const Server& server, int code) {
  for (const auto& [number, count] : server.RequestCounts()) {
    if (number == code) return count;
  }
  return 0;
}

// A gate at which handlers wait until the test opens it, for at most kPatience.
class Gate {
 public:
  // Returns true once the gate is open.
  bool WaitUntilOpen() {
    base::MutexLock lock(mutex_);
    ++waiting_;
    changed_.NotifyAll();
    return Await([this] { return open_; });
  }
  // Returns true once `count` handlers have arrived.
  bool AwaitArrivals(int count) {
    base::MutexLock lock(mutex_);
    return Await([this, count] { return waiting_ >= count; });
  }
  void Open() {
    base::MutexLock lock(mutex_);
    open_ = true;
    changed_.NotifyAll();
  }

 private:
  template <typename Predicate>
  bool Await(Predicate predicate) SCIDEX_NO_THREAD_SAFETY_ANALYSIS {
    const base::TimePoint give_up = base::Add(base::RealClock().Now(), test::kPatience);
    while (!predicate()) {
      if (!changed_.WaitUntil(mutex_, give_up)) return predicate();
    }
    return true;
  }

  base::Mutex mutex_;
  base::CondVar changed_;
  int waiting_ = 0;
  bool open_ = false;
};

}  // namespace scidex::http
