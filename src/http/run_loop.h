#pragma once

#include <asio/io_context.hpp>
#include <exception>

#include "base/log.h"

namespace scidex::http {

// Runs `io` until it has no more work. A handler that throws is logged; the others continue.
inline void RunLoop(asio::io_context& io) noexcept {
  for (bool done = false; !done;) {
    try {
      io.run();
      done = true;
    } catch (const std::exception& error) {
      base::LogError("http handler failed", {{"error", error.what()}});
    }
  }
}

}  // namespace scidex::http
