#include "control/server_events.h"

#include <algorithm>
#include <chrono>

#include "base/log.h"
#include "routing/advice.h"

namespace scidex::control {

using base::MutexLock;
using pool::ConnectOutcome;
using routing::Reason;

namespace {

constexpr base::Duration kSilentFor = std::chrono::hours(1);

// A server that refuses a session has answered, in a way.
const char* WhatHappened(Reason reason) {
  switch (reason) {
    case Reason::kAuthFailed:
    case Reason::kTlsFailed:
    case Reason::kTooManyConnections:
    case Reason::kNotAcceptingConnections:
    case Reason::kReadOnlyUnproven:
      return "server refuses sessions";
    default:
      return "server does not answer";
  }
}

std::string_view AdviceOn(ConnectOutcome outcome) {
  if (outcome == ConnectOutcome::kOtherServer)
    return "the name leads to several servers; name the one that is meant";
  if (outcome == ConnectOutcome::kLocalFailure)
    return "raise the limits of this process, or look at the machine's memory";
  return routing::AdviceOn(routing::ReasonOf(outcome));
}

}  // namespace

void ServerEvents::Join(const std::string& pool) {
  const MutexLock lock(mutex_);
  ++pools_[pool].probes;
}

void ServerEvents::Leave(const std::string& pool) noexcept {
  const MutexLock lock(mutex_);
  const auto known = pools_.find(pool);
  if (known == pools_.end() || --known->second.probes > 0) return;
  pools_.erase(known);
  if (!IsFailing()) silent_since_.reset();
}

void ServerEvents::OnProbe(const pool::Pool& pool, const ProbeResult& result,
                           const routing::ServerAddress& server) {
  if (result.reason != Reason::kOk) return OnFailure(pool.name(), result, server);
  const Answer answer = TakeAnswer(pool.name());
  if (answer.outage) {
    base::LogInfo("server answers again", {{"pools", answer.pools},
                                           {"host", server.host},
                                           {"port", server.port},
                                           {"in_recovery", result.facts.in_recovery},
                                           {"after_seconds", *answer.outage}});
  } else if (answer.is_news) {
    base::LogInfo("server answers", {{"pools", answer.pools},
                                     {"host", server.host},
                                     {"port", server.port},
                                     {"in_recovery", result.facts.in_recovery}});
  }
  LookAtConnects(pool, server);
}

bool ServerEvents::IsFailing() const {
  return std::any_of(pools_.begin(), pools_.end(),
                     [](const auto& pool) { return pool.second.failing.has_value(); });
}

bool ServerEvents::IsFailingFor(Reason reason) const {
  return std::any_of(pools_.begin(), pools_.end(),
                     [reason](const auto& pool) { return pool.second.failing == reason; });
}

std::string ServerEvents::PoolNames() const {
  std::string names;
  for (const auto& [name, pool] : pools_) {
    if (!names.empty()) names += ',';
    names += name;
  }
  return names;
}

void ServerEvents::OnFailure(const std::string& pool, const ProbeResult& result,
                             const routing::ServerAddress& server) {
  bool is_first = false;
  bool is_known = false;
  std::string pools;
  {
    const MutexLock lock(mutex_);
    is_first = !IsFailing();
    is_known = IsFailingFor(result.reason);
    OfPool& mine = pools_[pool];
    mine.failing = result.reason;
    mine.answered = false;
    if (is_first) silent_since_ = clock_.Now();
    pools = PoolNames();
  }
  if (is_known) return;
  // Why it does not answer may change as it goes down and comes up.
  base::Log(is_first ? base::LogLevel::kWarn : base::LogLevel::kInfo,
            is_first ? WhatHappened(result.reason) : "server still gives no session",
            {{"pools", pools},
             {"host", server.host},
             {"port", server.port},
             {"reason", base::Name(result.reason)},
             {"error", result.message.ForLog()},
             {"advice", routing::AdviceOn(result.reason)}});
}

ServerEvents::Answer ServerEvents::TakeAnswer(const std::string& pool) {
  const MutexLock lock(mutex_);
  OfPool& mine = pools_[pool];
  const bool was_failing = mine.failing.has_value();
  mine.failing.reset();
  Answer answer;
  // Until all of its pools have found it so, it does not answer for each.
  if (was_failing && silent_since_ && !IsFailing()) {
    answer.outage = clock_.Now() - *silent_since_;
    silent_since_.reset();
    has_answered_ = true;
  } else if (!IsFailing() && !has_answered_) {
    has_answered_ = true;
    answer.is_news = true;
  }
  answer.pools = PoolNames();
  return answer;
}

// A connect that failed between two probes that were answered, so that no outage tells of it.
void ServerEvents::LookAtConnects(const pool::Pool& pool, const routing::ServerAddress& server) {
  const pool::PoolStats stats = pool.Stats();
  std::optional<ConnectOutcome> failed;
  {
    const MutexLock lock(mutex_);
    OfPool& mine = pools_[pool.name()];
    const base::TimePoint now = clock_.Now();
    for (const ConnectOutcome outcome : base::kEnumValues<ConnectOutcome>) {
      const bool is_new = mine.answered && outcome != ConnectOutcome::kOk &&
                          stats.connects[outcome] > mine.connects[outcome] &&
                          now >= mine.silent_until[outcome];
      if (!is_new) continue;
      mine.silent_until[outcome] = base::Add(now, kSilentFor);
      failed = outcome;
    }
    mine.answered = true;
    mine.connects = stats.connects;
  }
  if (!failed) return;
  const bool is_latest = stats.last_connect_outcome == *failed;
  base::LogWarn("a pool's connects fail although its server answers",
                {{"pool", pool.name()},
                 {"host", server.host},
                 {"port", server.port},
                 {"outcome", base::Name(*failed)},
                 {"error", is_latest ? stats.last_connect_message : std::string()},
                 {"connections", stats.size},
                 {"advice", AdviceOn(*failed)}});
}

}  // namespace scidex::control
