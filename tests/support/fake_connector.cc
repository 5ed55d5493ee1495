#include "support/fake_connector.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/clock.h"
#include "support/eventually.h"

namespace scidex::test {

using base::MutexLock;
using base::TimePoint;
using pool::ConnectOutcome;

namespace {

TimePoint EndOfPatience() { return base::RealClock().Now() + kPatience; }

}  // namespace

void FakeSession::KillUnnoticed() {
  MutexLock lock(mutex_);
  alive_ = false;
  noticed_ = false;
}

void FakeSession::Kill() {
  MutexLock lock(mutex_);
  alive_ = false;
}

void FakeSession::FailPrepare(pool::Prepared::Result result) {
  MutexLock lock(mutex_);
  prepared_.result = result;
}

void FakeSession::ProveBy(pool::ReadOnlyProof proof) {
  MutexLock lock(mutex_);
  prepared_.proof = proof;
}

void FakeSession::FailRecycle(pool::Recycled recycled) {
  MutexLock lock(mutex_);
  recycled_ = recycled;
}

void FakeSession::BlockPrepare() {
  MutexLock lock(mutex_);
  block_prepare_ = true;
}

void FakeSession::BlockIsAlive() {
  MutexLock lock(mutex_);
  block_is_alive_ = true;
}

void FakeSession::BlockClose() {
  MutexLock lock(mutex_);
  block_close_ = true;
}

void FakeSession::Unblock() {
  MutexLock lock(mutex_);
  block_prepare_ = false;
  block_is_alive_ = false;
  block_close_ = false;
  changed_.NotifyAll();
}

bool FakeSession::AwaitBlocked() {
  const TimePoint give_up = EndOfPatience();
  MutexLock lock(mutex_);
  while (blocked_ == 0) {
    if (!changed_.WaitUntil(mutex_, give_up)) return false;
  }
  return true;
}

void FakeSession::WaitWhile(const bool& blocking, const std::stop_token& stop) {
  const TimePoint give_up = EndOfPatience();
  ++blocked_;
  changed_.NotifyAll();
  while (blocking && !stop.stop_requested() && changed_.WaitUntil(mutex_, give_up)) {
  }
  --blocked_;
}

pool::Prepared FakeSession::PrepareBlocked(const std::stop_token& stop) {
  if (stop.stop_requested()) return {pool::Prepared::Result::kNotTried};
  WaitWhile(block_prepare_, stop);
  if (stop.stop_requested()) return {pool::Prepared::Result::kStopped};
  return prepared_;
}

std::size_t FakeSession::alive_checks() const {
  MutexLock lock(mutex_);
  return alive_checks_;
}

std::size_t FakeSession::prepares() const {
  MutexLock lock(mutex_);
  return prepares_;
}

std::size_t FakeSession::recycles() const {
  MutexLock lock(mutex_);
  return recycles_;
}

bool FakeSession::open() const {
  MutexLock lock(mutex_);
  return open_;
}

TimePoint FakeSession::prepare_deadline() const {
  MutexLock lock(mutex_);
  return prepare_deadline_;
}

base::Duration FakeSession::recycle_within() const {
  MutexLock lock(mutex_);
  return recycle_within_;
}

std::string FakeSession::borrower() const {
  MutexLock lock(mutex_);
  return borrower_;
}

pool::SessionObserver* FakeSession::observer() const {
  MutexLock lock(mutex_);
  return observer_;
}

FakeConnection::~FakeConnection() {
  MutexLock lock(session_->mutex_);
  if (session_->block_close_) session_->WaitWhile(session_->block_close_);
  session_->open_ = false;
}

bool FakeConnection::IsAlive(LivenessCheck check) noexcept {
  MutexLock lock(session_->mutex_);
  ++session_->alive_checks_;
  if (session_->block_is_alive_) session_->WaitWhile(session_->block_is_alive_);
  return session_->alive_ || (check == LivenessCheck::kWatch && !session_->noticed_);
}

pool::Prepared FakeConnection::Prepare(TimePoint deadline, const pool::StopSources& stop,
                                       const pool::Borrower& borrower) noexcept {
  const pool::AnyStop any_stop(stop);
  // Destroyed after the lock is released, because its destructor waits for the function to return.
  const std::stop_callback<std::function<void()>> on_stop(any_stop.token(), [this] {
    MutexLock lock(session_->mutex_);
    session_->changed_.NotifyAll();
  });
  MutexLock lock(session_->mutex_);
  ++session_->prepares_;
  session_->prepare_deadline_ = deadline;
  session_->borrower_ = borrower.call_site.function_name();
  if (session_->block_prepare_) return session_->PrepareBlocked(any_stop.token());
  return session_->prepared_;
}

pool::Recycled FakeConnection::Recycle(base::Duration within) noexcept {
  MutexLock lock(session_->mutex_);
  ++session_->recycles_;
  session_->recycle_within_ = within;
  return session_->recycled_;
}

void FakeConnection::Observe(pool::SessionObserver* observer) noexcept {
  MutexLock lock(session_->mutex_);
  session_->observer_ = observer;
}

FakeSession& SessionOf(const pool::Lease& lease) {
  return static_cast<FakeConnection&>(lease.connection()).session();
}

pool::ConnectResult FakeConnector::Connect(TimePoint deadline,
                                           const std::stop_token& stop) noexcept {
  // Destroyed after the lock is released, because its destructor waits for the function to return.
  const std::stop_callback<std::function<void()>> on_stop(stop, [this] {
    MutexLock lock(mutex_);
    changed_.NotifyAll();
  });
  MutexLock lock(mutex_);
  ++connects_;
  deadline_ = deadline;
  changed_.NotifyAll();
  const ConnectOutcome outcome = mode_ == Mode::kSucceed ? ConnectOutcome::kOk
                                 : mode_ == Mode::kFail  ? failure_
                                                         : AwaitOutcome(stop);
  if (outcome != ConnectOutcome::kOk) {
    return {outcome, nullptr, {"the fake says " + std::string(base::Name(outcome)), ""}};
  }
  const auto session = std::make_shared<FakeSession>();
  sessions_.push_back(session);
  return {outcome, std::make_unique<FakeConnection>(session), {}};
}

ConnectOutcome FakeConnector::AwaitOutcome(const std::stop_token& stop) {
  const TimePoint give_up = EndOfPatience();
  Blocked self;
  blocked_.push_back(&self);
  changed_.NotifyAll();
  while (!self.outcome && (ignore_stop_ || !stop.stop_requested())) {
    if (!changed_.WaitUntil(mutex_, give_up)) self.outcome = ConnectOutcome::kConnectTimeout;
  }
  std::erase(blocked_, &self);
  changed_.NotifyAll();
  return self.outcome.value_or(ConnectOutcome::kConnectFailed);
}

void FakeConnector::Succeed() {
  MutexLock lock(mutex_);
  mode_ = Mode::kSucceed;
}

void FakeConnector::Fail(ConnectOutcome outcome) {
  MutexLock lock(mutex_);
  mode_ = Mode::kFail;
  failure_ = outcome;
}

void FakeConnector::Block() {
  MutexLock lock(mutex_);
  mode_ = Mode::kBlock;
}

void FakeConnector::IgnoreStop() {
  MutexLock lock(mutex_);
  ignore_stop_ = true;
}

void FakeConnector::Finish(ConnectOutcome outcome) {
  MutexLock lock(mutex_);
  const auto oldest = std::find_if(blocked_.begin(), blocked_.end(),
                                   [](const Blocked* connect) { return !connect->outcome; });
  if (oldest != blocked_.end()) (*oldest)->outcome = outcome;
  changed_.NotifyAll();
}

void FakeConnector::FinishAll(ConnectOutcome outcome) {
  MutexLock lock(mutex_);
  for (Blocked* connect : blocked_) {
    if (!connect->outcome) connect->outcome = outcome;
  }
  changed_.NotifyAll();
}

std::size_t FakeConnector::connects() const {
  MutexLock lock(mutex_);
  return connects_;
}

std::size_t FakeConnector::blocked() const {
  MutexLock lock(mutex_);
  return blocked_.size();
}

bool FakeConnector::AwaitConnects(std::size_t count) {
  const TimePoint give_up = EndOfPatience();
  MutexLock lock(mutex_);
  while (connects_ < count) {
    if (!changed_.WaitUntil(mutex_, give_up)) return false;
  }
  return true;
}

bool FakeConnector::AwaitBlocked(std::size_t count) {
  const TimePoint give_up = EndOfPatience();
  MutexLock lock(mutex_);
  while (blocked_.size() < count) {
    if (!changed_.WaitUntil(mutex_, give_up)) return false;
  }
  return true;
}

TimePoint FakeConnector::deadline() const {
  MutexLock lock(mutex_);
  return deadline_;
}

std::vector<std::shared_ptr<FakeSession>> FakeConnector::sessions() const {
  MutexLock lock(mutex_);
  return sessions_;
}

std::size_t FakeConnector::open() const {
  const auto all = sessions();
  return static_cast<std::size_t>(
      std::count_if(all.begin(), all.end(), [](const auto& session) { return session->open(); }));
}

}  // namespace scidex::test
