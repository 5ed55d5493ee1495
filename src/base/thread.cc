#include "base/thread.h"

#include <pthread.h>

#include <array>
#include <exception>
#include <new>
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

struct Call {
  const std::function<void()>& body;
  std::exception_ptr thrown;
};

void* Make(void* call) {
  auto& made = *static_cast<Call*>(call);
  try {
    made.body();
  } catch (...) {
    made.thrown = std::current_exception();
  }
  return nullptr;
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
  if (!thread_.joinable()) return;
  if (!fork_check_.Forked()) return thread_.join();
  // Moved to where no destructor runs, as that of a joinable std::thread ends the process.
  alignas(std::thread) std::array<std::byte, sizeof(std::thread)> left{};
  new (left.data()) std::thread(std::move(thread_));
}

void Thread::Detached(const std::string& name, std::function<void()> body) {
  Start(name, std::move(body)).detach();
}

void RunOnStack(const std::string& name, std::size_t bytes, const std::function<void()>& body) {
  Call call{body, nullptr};
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  int error = pthread_attr_setstacksize(&attributes, bytes);
  pthread_t thread{};
  if (error == 0) {
    const SignalsBlocked inherited;
    error = pthread_create(&thread, &attributes, &Make, &call);
  }
  pthread_attr_destroy(&attributes);
  if (error != 0) {
    throw LocalFailure(LocalResource::kThreads, "cannot start the thread " + name + ": " +
                                                    std::generic_category().message(error));
  }
  pthread_setname_np(thread, name.substr(0, 15).c_str());
  pthread_join(thread, nullptr);
  if (call.thrown) std::rethrow_exception(call.thrown);
}

}  // namespace scidex::base
