#include "base/executor.h"

#include <utility>

namespace scidex::base {

Executor::Executor(const std::string& name, std::size_t threads) {
  threads_.reserve(threads);
  try {
    for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back(name, [this] { Loop(); });
  } catch (...) {
    Stop();
    throw;
  }
}

Executor::~Executor() { Stop(); }

void Executor::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    wake_.NotifyAll();
  }
  for (Thread& thread : threads_) thread.Join();
}

void Executor::Submit(std::function<void()> work) {
  MutexLock lock(mutex_);
  queue_.push_back(std::move(work));
  wake_.NotifyOne();
}

void Executor::Loop() {
  MutexLock lock(mutex_);
  for (;;) {
    while (queue_.empty() && !stopping_) wake_.Wait(mutex_);
    if (queue_.empty()) return;
    std::function<void()> work = std::move(queue_.front());
    queue_.pop_front();
    lock.Unlock();
    work();
    work = nullptr;
    lock.Lock();
  }
}

}  // namespace scidex::base
