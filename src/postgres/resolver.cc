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
  struct Known {
    std::vector<std::string> addresses;
    base::TimePoint at;
  };
  std::map<std::string, Known> known SCIDEX_GUARDED_BY(mutex);
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
    result.no_such_name = error == EAI_NONAME || error == EAI_NODATA;
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

Resolver::Resolver(base::Clock& clock) : Resolver(&WithGetaddrinfo, clock) {}
Resolver::Resolver(LookUp look_up, base::Clock& clock)
    : look_up_(std::move(look_up)), clock_(clock), shared_(std::make_shared<Shared>()) {}
Resolver::~Resolver() = default;

Resolver::Result Resolver::Resolve(const std::string& host, base::TimePoint deadline,
                                   const std::stop_token& stop) {
  const std::stop_callback<std::function<void()>> on_stop(stop, [shared = shared_] {
    MutexLock lock(shared->mutex);
    shared->changed.NotifyAll();
  });
  MutexLock lock(shared_->mutex);
  // What is left has to be enough for a connect.
  const base::TimePoint now = base::RealClock().Now();
  const bool is_known = shared_->known.contains(host);
  const base::TimePoint until = is_known && deadline > now ? now + (deadline - now) / 2 : deadline;
  Result failure{{}, "the resolver did not answer in time"};
  const std::shared_ptr<Pending> pending = Begin(host, until, stop, failure);
  while (pending && !pending->done && !stop.stop_requested()) {
    if (!shared_->changed.WaitUntil(shared_->mutex, until)) break;
  }
  if (stop.stop_requested() && !(pending && pending->done)) return {{}, "stopped"};
  if (!pending || !pending->done) return Kept(host, std::move(failure));
  if (!pending->result.addresses.empty() || pending->result.no_such_name) return pending->result;
  return Kept(host, pending->result);
}

std::shared_ptr<Resolver::Pending> Resolver::Begin(const std::string& host,
                                                   base::TimePoint deadline,
                                                   const std::stop_token& stop, Result& failure) {
  while (!shared_->under_way.contains(host) && shared_->under_way.size() >= kMaxLookUps) {
    if (stop.stop_requested() || !shared_->changed.WaitUntil(shared_->mutex, deadline))
      return nullptr;
  }
  std::shared_ptr<Pending>& entry = shared_->under_way[host];
  if (entry) return entry;
  entry = std::make_shared<Pending>();
  try {
    base::Thread::Detached(
        "resolver", [shared = shared_, pending = entry, host, look_up = look_up_, &clock = clock_] {
          Result result = LookUpSafely(look_up, host);
          MutexLock locked(shared->mutex);
          if (!result.addresses.empty()) {
            shared->known[host] = {result.addresses, clock.Now()};
          } else if (result.no_such_name) {
            shared->known.erase(host);
          }
          pending->result = std::move(result);
          pending->done = true;
          shared->under_way.erase(host);
          shared->changed.NotifyAll();
        });
  } catch (const std::exception& error) {
    shared_->under_way.erase(host);
    failure = {{}, error.what(), base::LocalResourceOf(error).has_value()};
    return nullptr;
  }
  return entry;
}

Resolver::Result Resolver::Kept(const std::string& host, Result failure) const {
  const auto known = shared_->known.find(host);
  if (known == shared_->known.end() || clock_.Now() > base::Add(known->second.at, kKeptFor))
    return failure;
  return {known->second.addresses, ""};
}

}  // namespace scidex::postgres
