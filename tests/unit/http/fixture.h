// A server on a port of 127.0.0.1 that the kernel chose, and what its tests share.
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

namespace scidex::http {

inline ServerOptions On(std::vector<std::string> addresses, int max_requests = 4) {
  ServerOptions options;
  options.listen_addresses = std::move(addresses);
  options.max_requests = max_requests;
  return options;
}

inline ServerOptions OnLoopback(int max_requests = 4) { return On({"127.0.0.1:0"}, max_requests); }

inline Response Text(std::string body) {
  Response response;
  response.body = std::move(body);
  return response;
}

inline std::string OfSize(std::size_t size) {
  std::string text;
  text.resize(size, 'x');
  return text;
}

inline Handler Always(std::string body) {
  return [body = std::move(body)](const Request&) { return Text(body); };
}

inline std::uint64_t CountOf(const Server& server, int code) {
  for (const auto& [number, count] : server.RequestCounts()) {
    if (number == code) return count;
  }
  return 0;
}

// A door that handlers wait at until a test opens it; no one waits for longer than ten seconds.
class Gate {
 public:
  // True once open.
  bool Pass() {
    base::MutexLock lock(mutex_);
    ++waiting_;
    changed_.NotifyAll();
    return Await([this] { return open_; });
  }
  // True once `count` have come to the door.
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
    const base::TimePoint give_up = base::Add(base::RealClock().Now(), std::chrono::seconds(10));
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
