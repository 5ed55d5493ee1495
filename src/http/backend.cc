#include "http/backend.h"

#include <civetweb.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <exception>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/thread.h"
#include "http/client_limit.h"
#include "http/codes.h"
#include "http/error.h"
#include "http/wire.h"

namespace scidex::http {
namespace {

std::string Decode(std::string_view text) {
  std::string decoded(text.size() + 1, '\0');
  const int length = mg_url_decode(text.data(), static_cast<int>(text.size()), decoded.data(),
                                   static_cast<int>(decoded.size()), 0);
  decoded.resize(static_cast<std::size_t>(std::max(length, 0)));
  return decoded;
}

Request MakeRequest(const mg_request_info& info) {
  Request request;
  request.method = info.request_method;
  request.path = Decode(info.local_uri_raw);
  if (info.query_string != nullptr) request.query = info.query_string;
  for (int i = 0; i < info.num_headers; ++i) {
    if (info.http_headers[i].name == kBodyPlaceHeader) continue;
    request.headers.emplace_back(info.http_headers[i].name, info.http_headers[i].value);
  }
  return request;
}

// The last resort of a civetweb callback: exceptions must not reach C code.
void Drop(mg_connection* connection, const std::exception& error) {
  mg_disable_connection_keep_alive(connection);
  base::LogError("http request was dropped", {{"error", error.what()}});
}

Backend& BackendOf(const mg_connection* connection) {
  return *static_cast<Backend*>(mg_get_user_context_data(connection));
}

bool ListensOn(int fd, int port) {
  sockaddr_in end{};
  socklen_t size = sizeof end;
  int listens = 0;
  socklen_t listens_size = sizeof listens;
  return getsockname(fd, reinterpret_cast<sockaddr*>(&end), &size) == 0 &&
         end.sin_family == AF_INET && ntohs(end.sin_port) == port &&
         end.sin_addr.s_addr == htonl(INADDR_LOOPBACK) &&
         getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &listens_size) == 0 && listens != 0;
}

// The socket of this process that listens on 127.0.0.1:`port`; -1 if there is none. Tries each
// descriptor, because /proc may be missing; the kernel assigns the lowest free number.
int FindListener(int port) {
  constexpr std::size_t kMaxDescriptors = std::size_t{1} << 20;
  const int end = static_cast<int>(std::min(MaxOpenFiles(), kMaxDescriptors));
  for (int fd = 0; fd < end; ++fd) {
    if (ListensOn(fd, port)) return fd;
  }
  return -1;
}

mg_context* Start(int thread_count, const mg_callbacks& callbacks, Backend* backend) {
  [[maybe_unused]] static const unsigned initialized = mg_init_library(MG_FEATURES_DEFAULT);
  const std::string threads = std::to_string(thread_count);
  // The front keeps its connections open.
  const std::initializer_list<std::pair<const char*, const char*>> settings{
      {"listening_ports", "127.0.0.1:0"},
      {"num_threads", threads.c_str()},
      {"request_timeout_ms", "2000"},
      {"keep_alive_timeout_ms", "86400000"},
      {"enable_keep_alive", "yes"},
      {"max_request_size", "32768"},
      {"decode_url", "no"},
      {"enable_auth_domain_check", "no"},
      {"enable_directory_listing", "no"},
  };
  std::vector<const char*> names_and_values;
  for (const auto& [name, value] : settings) {
    names_and_values.insert(names_and_values.end(), {name, value});
  }
  names_and_values.push_back(nullptr);
  mg_init_data init{};
  init.callbacks = &callbacks;
  init.user_data = backend;
  init.configuration_options = names_and_values.data();
  const base::SignalsBlocked inherited;
  return mg_start2(&init, nullptr);
}

void Send(mg_connection* connection, const std::string& bytes) {
  if (mg_write(connection, bytes.data(), bytes.size()) != static_cast<int>(bytes.size())) {
    // The front has gone, or the server is stopping.
    mg_disable_connection_keep_alive(connection);
  }
}

}  // namespace

Backend::Backend(int threads, Answer answer) : answer_(std::move(answer)) {
  mg_callbacks callbacks{};
  callbacks.init_context = &OnStart;
  callbacks.begin_request = &OnRequest;
  callbacks.http_error = &OnError;
  callbacks.log_message = &OnLog;
  context_ = Start(threads, callbacks, this);
  if (context_ != nullptr && !private_) {
    mg_stop(context_);
    throw ServerError("cannot serve HTTP: civetweb's listening socket is not in /proc/self/fd");
  }
  const base::MutexLock lock(mutex_);
  started_ = true;
  if (context_ == nullptr) throw ServerError("cannot serve HTTP: " + first_error_);
  if (!first_error_.empty()) base::LogWarn("http server", {{"message", first_error_}});
}

// civetweb's master thread checks for a stop only every two seconds; shutting down its listening
// socket wakes it. Starts no thread, as there may be none left.
Backend::~Backend() {
  shutdown(listener_.socket(), SHUT_RDWR);
  mg_stop(context_);
}

// Debian's civetweb can listen only on ports, to which any process of the machine can connect. So
// its listening socket is replaced with ours, before it has a thread that could accept.
void Backend::OnStart(const mg_context* context) noexcept {
  Backend& self = *static_cast<Backend*>(mg_get_user_data(context));
  mg_server_port bound{};
  mg_get_server_ports(context, 1, &bound);
  const int found = FindListener(bound.port);
  self.private_ = found >= 0 && dup3(self.listener_.socket(), found, O_CLOEXEC) >= 0;
}

int Backend::OnRequest(mg_connection* connection) noexcept {
  try {
    const mg_request_info& info = *mg_get_request_info(connection);
    Backend& self = BackendOf(connection);
    Response response = self.answer_(MakeRequest(info));
    std::string bytes = SerializeHead(response, Connection::kKeepAlive);
    if (const char* place = mg_get_header(connection, kBodyPlaceHeader.data())) {
      // Before the head, so that the body is there when the front looks for it.
      self.bodies_.Put(place, std::move(response.body));
    } else {
      bytes += response.body;
    }
    Send(connection, bytes);
    return response.code;
  } catch (const std::exception& error) {
    Drop(connection, error);
    return 500;
  }
}

int Backend::OnError(mg_connection* connection, int status, const char*) noexcept {
  try {
    const int code = FindCode(status) != nullptr ? status : status < 500 ? 400 : 500;
    const std::string text =
        code == 400 ? "the request is malformed" : std::string(FindCode(code)->reason);
    mg_disable_connection_keep_alive(connection);
    const Response response = PlainResponse(code, text + '\n');
    Send(connection, SerializeHead(response, Connection::kClose) + response.body);
  } catch (const std::exception& error) {
    Drop(connection, error);
  }
  return 0;
}

int Backend::OnLog(const mg_connection* connection, const char* message) noexcept {
  Backend& self = BackendOf(connection);
  {
    const base::MutexLock lock(self.mutex_);
    if (!self.started_) {
      if (self.first_error_.empty()) self.first_error_ = message;
      return 1;
    }
  }
  base::LogWarn("http server", {{"message", message}});
  return 1;
}

}  // namespace scidex::http
