// Runs coroutines on the test's own thread.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <functional>
#include <utility>

#include "support/eventually.h"

namespace scidex::http {

class Loop {
 public:
  asio::io_context& io() { return io_; }

  void Spawn(asio::awaitable<void> coroutine) {
    asio::co_spawn(io_, std::move(coroutine), asio::detached);
  }
  // Runs what can run now.
  void Poll() {
    io_.restart();
    io_.poll();
  }
  // Runs until `done` is true.
  bool RunUntil(const std::function<bool()>& done) {
    return test::Eventually(test::kPatience, [&] {
      Poll();
      return done();
    });
  }

 private:
  asio::io_context io_{1};
};

}  // namespace scidex::http
