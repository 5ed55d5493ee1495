#include "base/thread.h"

#include <pthread.h>

#include <system_error>
#include <utility>

#include "base/local_failure.h"

namespace scidex::base {
namespace {

std::thread Start(const std::string& name, std::function<void()> body) {
  const SignalsBlocked inherited;
  try {
    return std::thread([short_name = name.substr(0, 15), body = std::move(body)] {
      pthread_setname_np(pthread_self(), short_name.c_str());
      body();
    });
  } catch (const std::system_error& error) {
    throw LocalFailure(LocalResource::kThreads,
                       "cannot start the thread " + name + ": " + error.what());
  }
}

}  // namespace

SignalsBlocked::SignalsBlocked() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before_);
}

SignalsBlocked::~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

Thread::Thread(const std::string& name, std::function<void()> body)
    : thread_(Start(name, std::move(body))) {}

void Thread::Join() {
  if (thread_.joinable()) thread_.join();
}

void Thread::Detached(const std::string& name, std::function<void()> body) {
  Start(name, std::move(body)).detach();
}

}  // namespace scidex::base
