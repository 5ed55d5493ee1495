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
#include <new>
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

struct Resolver::Shared : std::enable_shared_from_this<Shared> {
  Shared(LookUp with, base::Clock& by) : look_up(std::move(with)), clock(by) {}

  // Returns null if no thread can be started, and at `deadline`.
  std::shared_ptr<Pending> Begin(const std::string& host, base::TimePoint deadline,
                                 const std::stop_token& stop, Result& failure)
      SCIDEX_REQUIRES(mutex);
  void End(const std::string& host, Pending& pending, Result result);
  Result Kept(const std::string& host, Result failure) const SCIDEX_REQUIRES(mutex);

  struct Known {
    std::vector<std::string> addresses;
    base::TimePoint at;
  };
  const LookUp look_up;
  base::Clock& clock;
  base::Mutex mutex;
  base::CondVar changed;
  std::map<std::string, std::shared_ptr<Pending>> under_way SCIDEX_GUARDED_BY(mutex);
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

Resolver::Result LookUpNoThrow(const Resolver::LookUp& look_up, const std::string& host) noexcept {
  try {
    return look_up(host);
  } catch (const std::exception& error) {
    Resolver::Result result;
    const auto resource = base::LocalResourceOf(error);
    if (resource) base::CountLocalFailure(*resource);
    result.local_failure = resource.has_value();
    // Short enough to need no memory.
    result.error = "lookup failed";
    return result;
  }
}

}  // namespace

Resolver::Resolver(base::Clock& clock) : Resolver(&WithGetaddrinfo, clock) {}
Resolver::Resolver(LookUp look_up, base::Clock& clock)
    : shared_(std::make_shared<Shared>(std::move(look_up), clock)) {}
Resolver::~Resolver() = default;

Resolver::Result Resolver::Resolve(const std::string& host, base::TimePoint deadline,
                                   const std::stop_token& stop) {
  const std::stop_callback<std::function<void()>> on_stop(stop, [shared = shared_] {
    MutexLock lock(shared->mutex);
    shared->changed.NotifyAll();
  });
  MutexLock lock(shared_->mutex);
  // The remaining time must suffice for a connect.
  const base::TimePoint now = base::RealClock().Now();
  const bool is_known = shared_->known.contains(host);
  const base::TimePoint until = is_known && deadline > now ? now + (deadline - now) / 2 : deadline;
  Result failure{{}, "the resolver did not answer in time"};
  const std::shared_ptr<Pending> pending = shared_->Begin(host, until, stop, failure);
  while (pending && !pending->done && !stop.stop_requested()) {
    if (!shared_->changed.WaitUntil(shared_->mutex, until)) break;
  }
  if (stop.stop_requested() && !(pending && pending->done)) return {{}, "stopped"};
  if (!pending || !pending->done) return shared_->Kept(host, std::move(failure));
  if (!pending->result.addresses.empty() || pending->result.no_such_name) return pending->result;
  return shared_->Kept(host, pending->result);
}

std::shared_ptr<Resolver::Pending> Resolver::Shared::Begin(const std::string& host,
                                                           base::TimePoint deadline,
                                                           const std::stop_token& stop,
                                                           Result& failure) {
  while (!under_way.contains(host) && under_way.size() >= kMaxLookUps) {
    if (stop.stop_requested() || !changed.WaitUntil(mutex, deadline)) return nullptr;
  }
  const auto found = under_way.find(host);
  if (found != under_way.end()) return found->second;
  auto entry = std::make_shared<Pending>();
  under_way.emplace(host, entry);
  try {
    base::Thread::Detached("resolver", [self = shared_from_this(), pending = entry, host] {
      self->End(host, *pending, LookUpNoThrow(self->look_up, host));
    });
  } catch (const std::exception& error) {
    under_way.erase(host);
    failure = {{}, error.what(), base::LocalResourceOf(error).has_value()};
    return nullptr;
  }
  return entry;
}

void Resolver::Shared::End(const std::string& host, Pending& pending, Result result) {
  MutexLock lock(mutex);
  if (result.no_such_name) known.erase(host);
  try {
    if (!result.addresses.empty()) known[host] = {result.addresses, clock.Now()};
  } catch (const std::bad_alloc&) {
    base::CountLocalFailure(base::LocalResource::kMemory);
  }
  pending.result = std::move(result);
  pending.done = true;
  under_way.erase(host);
  changed.NotifyAll();
}

Resolver::Result Resolver::Shared::Kept(const std::string& host, Result failure) const {
  const auto found = known.find(host);
  if (found == known.end() || clock.Now() > base::Add(found->second.at, kKeptFor)) return failure;
  return {found->second.addresses, ""};
}

}  // namespace scidex::postgres
