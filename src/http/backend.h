// The civetweb server, behind a socket that only the front can connect to.
#pragma once

#include <functional>
#include <string>

#include "base/mutex.h"
#include "http/handed_bodies.h"
#include "http/message.h"
#include "http/private_listener.h"

struct mg_connection;
struct mg_context;

namespace scidex::http {

// Thread-safe. Each open connection occupies one thread.
class Backend {
 public:
  // Called on any thread of the backend, concurrently. Also called for HEAD, whose body is not
  // sent. If it throws, the exception is logged and the connection closed.
  using Answer = std::function<Response(Request)>;

  // Serves when it returns. Throws ServerError.
  Backend(int threads, Answer answer);
  // Blocks until no handler is running. All clients must have disconnected.
  ~Backend();
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  // The unix socket to connect to; it is private to this process.
  const std::string& path() const { return listener_.path(); }
  // Where it puts the bodies of responses to requests that name a place; others it sends.
  HandedBodies& bodies() { return bodies_; }

 private:
  static void OnStart(const mg_context* context) noexcept;
  static int OnRequest(mg_connection* connection) noexcept;
  static int OnError(mg_connection* connection, int status, const char* message) noexcept;
  static int OnLog(const mg_connection* connection, const char* message) noexcept;

  const Answer answer_;
  const PrivateListener listener_;
  HandedBodies bodies_;
  // Whether civetweb listens on listener_. Written during startup.
  bool private_ = false;
  base::Mutex mutex_;
  bool started_ SCIDEX_GUARDED_BY(mutex_) = false;
  // The first error during startup.
  std::string first_error_ SCIDEX_GUARDED_BY(mutex_);
  mg_context* context_ = nullptr;
};

}  // namespace scidex::http
