// civetweb, on a port of loopback that only the front may use.
#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <functional>
#include <string>

#include "base/mutex.h"
#include "http/codes.h"
#include "http/message.h"

struct mg_connection;
struct mg_context;

namespace scidex::http {

// The header in which the front proves to be the front.
inline constexpr const char kTokenHeader[] = "x-scidex-front";

// Thread safe. A connection holds one of its threads for as long as it is open.
class Backend {
 public:
  // Called on any of its threads. HEAD is left to it; what it throws is logged, and its connection
  // closed.
  using Answer = std::function<Response(Request)>;

  // Serves when this returns. Throws ServerError.
  Backend(int threads, Answer answer, CodeCounts& counts);
  // Hangs up on everybody, and returns when no handler runs any more.
  ~Backend();
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  std::uint16_t port() const;
  // What the header must hold: a request without it gets 403, whatever it asks for.
  const std::string& token() const { return token_; }

 private:
  static int OnRequest(mg_connection* connection) noexcept;
  static int OnError(mg_connection* connection, int status, const char* message) noexcept;
  static int OnLog(const mg_connection* connection, const char* message) noexcept;

  bool IsFromFront(const mg_connection* connection) const;
  void Send(mg_connection* connection, const Response& response, bool head, bool close);

  const Answer answer_;
  const std::string token_;
  CodeCounts& counts_;
  base::Mutex mutex_;
  base::CondVar changed_;
  bool started_ SCIDEX_GUARDED_BY(mutex_) = false;
  bool stopped_ SCIDEX_GUARDED_BY(mutex_) = false;
  // What civetweb complained of first while it started.
  std::string complaint_ SCIDEX_GUARDED_BY(mutex_);
  mg_context* context_ = nullptr;
  sockaddr_in address_{};
};

}  // namespace scidex::http
