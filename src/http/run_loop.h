#pragma once

#include <asio/io_context.hpp>
#include <exception>

#include "base/log.h"

namespace scidex::http {

// Runs what `io` has to do until there is nothing left. A handler that throws ends with what it
// did; the others go on.
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
