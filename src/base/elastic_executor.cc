#include "base/elastic_executor.h"

#include <iterator>
#include <system_error>
#include <utility>

namespace scidex::base {

ElasticExecutor::ElasticExecutor(std::string name, Clock& clock, Duration idle_timeout)
    : name_(std::move(name)), clock_(clock), idle_timeout_(idle_timeout) {}

ElasticExecutor::~ElasticExecutor() {
  // Joined after the lock is released.
  Threads ended;
  MutexLock lock(mutex_);
  stopping_ = true;
  wake_.NotifyAll();
  while (!threads_.empty()) wake_.Wait(mutex_);
  ended.swap(ended_);
}

void ElasticExecutor::Submit(std::function<void()> work) {
  // Joined after the lock is released.
  Threads ended;
  MutexLock lock(mutex_);
  ended.swap(ended_);
  queue_.push_back(std::move(work));
  if (idle_ >= queue_.size()) {
    wake_.NotifyOne();
  } else {
    threads_.emplace_back();
    const auto self = std::prev(threads_.end());
    try {
      self->emplace(name_, [this, self] { Loop(self); });
    } catch (const std::system_error&) {
      threads_.erase(self);
    }
  }
}

std::size_t ElasticExecutor::threads() const {
  MutexLock lock(mutex_);
  return threads_.size();
}

void ElasticExecutor::Loop(Threads::iterator self) {
  MutexLock lock(mutex_);
  TimePoint until = Add(clock_.Now(), idle_timeout_);
  for (;;) {
    if (!queue_.empty()) {
      std::function<void()> work = std::move(queue_.front());
      queue_.pop_front();
      lock.Unlock();
      work();
      work = nullptr;
      lock.Lock();
      until = Add(clock_.Now(), idle_timeout_);
      continue;
    }
    if (stopping_ || clock_.Now() >= until) break;
    ++idle_;
    clock_.WaitUntil(wake_, mutex_, until);
    --idle_;
  }
  ended_.splice(ended_.end(), threads_, self);
  if (stopping_ && threads_.empty()) wake_.NotifyAll();
}

}  // namespace scidex::base
