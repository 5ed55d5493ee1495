#include "http/backend.h"

#include <arpa/inet.h>
#include <civetweb.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <exception>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "http/error.h"
#include "http/hang_up.h"
#include "http/random.h"
#include "http/wire.h"

namespace scidex::http {
namespace {

constexpr auto kHangUpInterval = std::chrono::milliseconds(10);
constexpr std::size_t kWriteSize = 1 << 20;

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
    if (mg_strcasecmp(info.http_headers[i].name, kTokenHeader) == 0) continue;
    request.headers.emplace_back(info.http_headers[i].name, info.http_headers[i].value);
  }
  return request;
}

// A civetweb callback's last resort: C has no way for what is thrown.
void Drop(mg_connection* connection, const std::exception& error) {
  mg_disable_connection_keep_alive(connection);
  base::LogError("http request was dropped", {{"error", error.what()}});
}

Backend& BackendOf(const mg_connection* connection) {
  return *static_cast<Backend*>(mg_get_user_context_data(connection));
}

mg_context* Start(int thread_count, const mg_callbacks& callbacks, Backend* backend) {
  [[maybe_unused]] static const unsigned initialized = mg_init_library(MG_FEATURES_DEFAULT);
  const std::string threads = std::to_string(thread_count);
  // The front's connections stay for as long as they are of use; whoever else connects goes soon.
  const std::initializer_list<std::pair<const char*, const char*>> settings{
      {"listening_ports", "127.0.0.1:0"}, {"num_threads", threads.c_str()},
      {"request_timeout_ms", "2000"},     {"keep_alive_timeout_ms", "86400000"},
      {"enable_keep_alive", "yes"},       {"tcp_nodelay", "1"},
      {"max_request_size", "32768"},      {"decode_url", "no"},
      {"enable_auth_domain_check", "no"}, {"enable_directory_listing", "no"},
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

}  // namespace

Backend::Backend(int threads, Answer answer, CodeCounts& counts)
    : answer_(std::move(answer)), token_(RandomHex()), counts_(counts) {
  mg_callbacks callbacks{};
  callbacks.begin_request = &OnRequest;
  callbacks.http_error = &OnError;
  callbacks.log_message = &OnLog;
  context_ = Start(threads, callbacks, this);
  const base::MutexLock lock(mutex_);
  started_ = true;
  if (context_ == nullptr) throw ServerError("cannot serve HTTP: " + complaint_);
  if (!complaint_.empty()) base::LogWarn("http server", {{"message", complaint_}});
  mg_server_port bound{};
  mg_get_server_ports(context_, 1, &bound);
  address_.sin_family = AF_INET;
  address_.sin_port = htons(static_cast<std::uint16_t>(bound.port));
  address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
}

// civetweb's threads look up every two seconds only, so they are woken through their sockets, again
// and again, for they may be about to wait on one.
Backend::~Backend() {
  base::Thread stop("http-stop", [this] {
    mg_stop(context_);
    base::MutexLock stop_lock(mutex_);
    stopped_ = true;
    changed_.NotifyAll();
  });
  base::MutexLock lock(mutex_);
  while (!stopped_) {
    lock.Unlock();
    HangUp({address_});
    lock.Lock();
    if (stopped_) break;
    changed_.WaitUntil(mutex_, base::Add(base::RealClock().Now(), kHangUpInterval));
  }
}

std::uint16_t Backend::port() const { return ntohs(address_.sin_port); }

bool Backend::IsFromFront(const mg_connection* connection) const {
  const char* token = mg_get_header(connection, kTokenHeader);
  return token != nullptr && std::strlen(token) == token_.size() &&
         CRYPTO_memcmp(token, token_.data(), token_.size()) == 0;
}

int Backend::OnRequest(mg_connection* connection) noexcept {
  Backend& self = BackendOf(connection);
  try {
    const mg_request_info& info = *mg_get_request_info(connection);
    const bool head = std::strcmp(info.request_method, "HEAD") == 0;
    if (!self.IsFromFront(connection)) {
      self.Send(connection, PlainResponse(403, "this port is not for clients\n"), head, true);
      return 403;
    }
    const Response response = self.answer_(MakeRequest(info));
    self.Send(connection, response, head, false);
    return response.code;
  } catch (const std::exception& error) {
    Drop(connection, error);
    return 500;
  }
}

int Backend::OnError(mg_connection* connection, int status, const char*) noexcept {
  try {
    const int code = FindCode(status) != nullptr ? status : status < 500 ? 400 : 500;
    const std::string text = code == 400 ? "the request is malformed: its method or target is "
                                           "none that is known here"
                                         : std::string(FindCode(code)->reason);
    BackendOf(connection).Send(connection, PlainResponse(code, text + '\n'), false, true);
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
      if (self.complaint_.empty()) self.complaint_ = message;
      return 1;
    }
  }
  base::LogWarn("http server", {{"message", message}});
  return 1;
}

void Backend::Send(mg_connection* connection, const Response& response, bool head, bool close) {
  counts_.Count(response.code);
  if (close) mg_disable_connection_keep_alive(connection);
  const std::string bytes =
      Serialize(response, head ? Body::kLeftOut : Body::kSent,
                close ? Connection::kClose : Connection::kKeepAlive, base::RealClock().WallNow());
  for (std::size_t sent = 0; sent < bytes.size();) {
    const std::size_t size = std::min(kWriteSize, bytes.size() - sent);
    const int written = mg_write(connection, bytes.data() + sent, size);
    if (written <= 0) {
      // The front is gone, or the server stops.
      mg_disable_connection_keep_alive(connection);
      return;
    }
    sent += static_cast<std::size_t>(written);
  }
}

}  // namespace scidex::http
