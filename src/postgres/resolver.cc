#include "postgres/resolver.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <functional>
#include <utility>

#include "base/clock.h"
#include "base/local_failure.h"
#include "base/thread.h"

namespace scidex::postgres {

using base::MutexLock;

struct Resolver::Pending {
  bool done = false;
  Result result;
};

struct Resolver::Shared {
  base::Mutex mutex;
  base::CondVar changed;
  std::map<std::string, std::shared_ptr<Pending>> under_way SCIDEX_GUARDED_BY(mutex);
};

namespace {

Resolver::Result WithGetaddrinfo(const std::string& host) {
  Resolver::Result result;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), nullptr, &hints, &found); error != 0) {
    const auto resource = base::LocalResourceOf(error == EAI_MEMORY   ? ENOMEM
                                                : error == EAI_SYSTEM ? errno
                                                                      : 0);
    if (resource) base::CountLocalFailure(*resource);
    result.local_failure = resource.has_value();
    result.error = gai_strerror(error);
    return result;
  }
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (getnameinfo(one->ai_addr, one->ai_addrlen, text.data(), text.size(), nullptr, 0,
                    NI_NUMERICHOST) == 0 &&
        std::find(result.addresses.begin(), result.addresses.end(), text.data()) ==
            result.addresses.end()) {
      result.addresses.emplace_back(text.data());
    }
  }
  freeaddrinfo(found);
  if (result.addresses.empty()) result.error = "no address";
  return result;
}

Resolver::Result LookUpSafely(const Resolver::LookUp& look_up, const std::string& host) noexcept {
  try {
    return look_up(host);
  } catch (const std::exception& error) {
    Resolver::Result result;
    const auto resource = base::LocalResourceOf(error);
    if (resource) base::CountLocalFailure(*resource);
    result.local_failure = resource.has_value();
    result.error = "the look-up failed";
    return result;
  }
}

}  // namespace

Resolver::Resolver() : Resolver(&WithGetaddrinfo) {}
Resolver::Resolver(LookUp look_up)
    : look_up_(std::move(look_up)), shared_(std::make_shared<Shared>()) {}
Resolver::~Resolver() = default;

Resolver::Result Resolver::Resolve(const std::string& host, base::TimePoint deadline,
                                   const std::stop_token& stop) {
  const std::stop_callback<std::function<void()>> on_stop(stop, [shared = shared_] {
    MutexLock lock(shared->mutex);
    shared->changed.NotifyAll();
  });
  MutexLock lock(shared_->mutex);
  std::shared_ptr<Pending>& entry = shared_->under_way[host];
  if (!entry) {
    entry = std::make_shared<Pending>();
    try {
      base::Thread::Detached("resolver",
                             [shared = shared_, pending = entry, host, look_up = look_up_] {
                               Result result = LookUpSafely(look_up, host);
                               MutexLock locked(shared->mutex);
                               pending->result = std::move(result);
                               pending->done = true;
                               shared->under_way.erase(host);
                               shared->changed.NotifyAll();
                             });
    } catch (const std::exception& error) {
      shared_->under_way.erase(host);
      return {{}, error.what(), base::LocalResourceOf(error).has_value()};
    }
  }
  const std::shared_ptr<Pending> pending = entry;
  while (!pending->done && !stop.stop_requested()) {
    if (!shared_->changed.WaitUntil(shared_->mutex, deadline)) break;
  }
  if (pending->done) return pending->result;
  return {{}, stop.stop_requested() ? "stopped" : "the resolver did not answer in time"};
}

}  // namespace scidex::postgres
