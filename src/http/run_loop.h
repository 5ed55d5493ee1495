// The loop of a thread that runs handlers and coroutines of Asio.
#pragma once

#include <asio/io_context.hpp>
#include <exception>

#include "base/log.h"
#include "http/memory_reserve.h"

namespace scidex::http {

// Logs the exception of a handler, unless no memory is left for the message. Thread-safe.
inline void ReportFailure(const std::exception& error) noexcept {
  try {
    const MayFail scope;
    base::LogError("http handler failed", {{"error", error.what()}});
  } catch (const std::exception&) {
    // No memory for the message.
  }
}

// Runs `io` until it has no more work. A handler that throws is logged; the others continue. If no
// memory can be allocated, they use the reserve, except for coroutines that have awaited
// kAwaitable.
inline void RunLoop(asio::io_context& io, MemoryReserve& reserve) noexcept {
  const MemoryReserve::InThisThread use(reserve);
  const MustNotFail scope;
  for (bool done = false; !done;) {
    try {
      io.run();
      done = true;
    } catch (const std::exception& error) {
      ReportFailure(error);
    }
  }
}

}  // namespace scidex::http
