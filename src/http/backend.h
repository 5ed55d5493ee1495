// civetweb, behind a socket that only the front can connect to.
#pragma once

#include <functional>
#include <string>

#include "base/mutex.h"
#include "http/message.h"
#include "http/private_listener.h"

struct mg_connection;
struct mg_context;

namespace scidex::http {

// Thread safe. A connection holds one of its threads for as long as it is open.
class Backend {
 public:
  // Called on any of its threads. HEAD is left to it; what it throws is logged, and its connection
  // closed.
  using Answer = std::function<Response(Request)>;

  // Serves when this returns. Throws ServerError.
  Backend(int threads, Answer answer);
  // Returns when no handler runs any more. Those who are connected must have hung up.
  ~Backend();
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  // What to connect to: a unix socket of this process alone.
  const std::string& path() const { return listener_.path(); }

 private:
  static void OnStart(const mg_context* context) noexcept;
  static int OnRequest(mg_connection* connection) noexcept;
  static int OnError(mg_connection* connection, int status, const char* message) noexcept;
  static int OnLog(const mg_connection* connection, const char* message) noexcept;

  const Answer answer_;
  const PrivateListener listener_;
  // Whether civetweb listens there. Written while it starts.
  bool private_ = false;
  base::Mutex mutex_;
  bool started_ SCIDEX_GUARDED_BY(mutex_) = false;
  // The first error while it started.
  std::string first_error_ SCIDEX_GUARDED_BY(mutex_);
  mg_context* context_ = nullptr;
};

}  // namespace scidex::http
