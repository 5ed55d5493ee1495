#include "http/server.h"

#include <civetweb.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/thread.h"
#include "http/address.h"
#include "http/codes.h"
#include "http/compress.h"
#include "http/dispatch.h"
#include "http/hang_up.h"
#include "http/wire.h"

namespace scidex::http {
namespace {

constexpr std::string_view kMalformed =
    "the request could not be read: it is malformed, longer than 16384 bytes, or did not arrive "
    "whole within five seconds\n";
constexpr auto kStopGrace = std::chrono::milliseconds(500);
constexpr auto kHangUpInterval = std::chrono::milliseconds(10);
constexpr std::size_t kWriteSize = 1 << 20;

std::vector<sockaddr_in> ParseAddresses(const std::vector<std::string>& texts) {
  if (texts.empty()) throw ServerError("no address to listen on; write one such as :19187");
  std::vector<sockaddr_in> addresses;
  for (const std::string& text : texts) addresses.push_back(ParseAddress(text));
  return addresses;
}

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
    request.headers.emplace_back(info.http_headers[i].name, info.http_headers[i].value);
  }
  return request;
}

// A request with a body is answered without reading it, so nothing can follow on that connection.
Connection WhatFollows(const mg_connection* connection, const mg_request_info& info) {
  const bool body =
      info.content_length > 0 || mg_get_header(connection, "Transfer-Encoding") != nullptr;
  const char* wish = mg_get_header(connection, "Connection");
  const bool keep = wish == nullptr ? std::strcmp(info.http_version, "1.1") == 0
                                    : mg_strcasecmp(wish, "keep-alive") == 0;
  return keep && !body ? Connection::kKeepAlive : Connection::kClose;
}

Response Plain(int code, std::string_view body) {
  Response response;
  response.code = code;
  response.body = body;
  return response;
}

// A civetweb callback's last resort: C has no way for what is thrown.
void Drop(mg_connection* connection, const std::exception& error) {
  mg_disable_connection_keep_alive(connection);
  base::LogError("http request was dropped", {{"error", error.what()}});
}

}  // namespace

class Server::Impl {
 public:
  Impl(const ServerOptions& options, std::map<std::string, Handler> handlers);
  ~Impl();

  std::vector<int> ports() const;
  std::vector<std::pair<int, std::uint64_t>> RequestCounts() const { return counts_.Read(); }

 private:
  // One request that is being answered.
  class Visit;

  static Impl& Of(const mg_connection* connection) {
    return *static_cast<Impl*>(mg_get_user_context_data(connection));
  }
  static int OnRequest(mg_connection* connection) noexcept;
  static int OnError(mg_connection* connection, int status, const char* message) noexcept;
  static int OnLog(const mg_connection* connection, const char* message) noexcept;

  mg_context* Start(const ServerOptions& options);
  void FindPorts();
  void Send(mg_connection* connection, const Response& response, Body body, Connection then);

  const std::map<std::string, Handler> handlers_;
  std::vector<sockaddr_in> addresses_;
  CodeCounts counts_;
  base::Mutex mutex_;
  base::CondVar changed_;
  bool started_ SCIDEX_GUARDED_BY(mutex_) = false;
  bool stopping_ SCIDEX_GUARDED_BY(mutex_) = false;
  bool stopped_ SCIDEX_GUARDED_BY(mutex_) = false;
  int visits_ SCIDEX_GUARDED_BY(mutex_) = 0;
  // What civetweb complained of first while it started.
  std::string complaint_ SCIDEX_GUARDED_BY(mutex_);
  mg_context* context_ = nullptr;
};

class Server::Impl::Visit {
 public:
  explicit Visit(Impl& server) : server_(server) {
    base::MutexLock lock(server_.mutex_);
    welcome_ = !server_.stopping_;
    ++server_.visits_;
  }
  ~Visit() {
    base::MutexLock lock(server_.mutex_);
    --server_.visits_;
    server_.changed_.NotifyAll();
  }
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;

  bool welcome() const { return welcome_; }

 private:
  Impl& server_;
  bool welcome_ = false;
};

Server::Impl::Impl(const ServerOptions& options, std::map<std::string, Handler> handlers)
    : handlers_(std::move(handlers)), addresses_(ParseAddresses(options.listen_addresses)) {
  if (options.max_requests < 1) {
    throw ServerError("max_requests is " + std::to_string(options.max_requests) +
                      "; it must be at least 1");
  }
  for (const sockaddr_in& address : addresses_) CheckCanListen(address);
  context_ = Start(options);
  base::MutexLock lock(mutex_);
  started_ = true;
  if (context_ == nullptr) throw ServerError("cannot serve HTTP: " + complaint_);
  if (!complaint_.empty()) base::LogWarn("http server", {{"message", complaint_}});
  FindPorts();
}

mg_context* Server::Impl::Start(const ServerOptions& options) {
  [[maybe_unused]] static const unsigned initialized = mg_init_library(MG_FEATURES_DEFAULT);
  std::string listen;
  for (const sockaddr_in& address : addresses_) {
    listen += (listen.empty() ? "" : ",") + ToString(address);
  }
  const std::string threads = std::to_string(options.max_requests);
  const std::initializer_list<std::pair<const char*, const char*>> settings{
      {"listening_ports", listen.c_str()}, {"num_threads", threads.c_str()},
      {"request_timeout_ms", "5000"},      {"enable_keep_alive", "yes"},
      {"keep_alive_timeout_ms", "1000"},   {"tcp_nodelay", "1"},
      {"listen_backlog", "1024"},          {"decode_url", "no"},
      {"enable_auth_domain_check", "no"},  {"enable_directory_listing", "no"},
  };
  std::vector<const char*> names_and_values;
  for (const auto& [name, value] : settings) {
    names_and_values.insert(names_and_values.end(), {name, value});
  }
  names_and_values.push_back(nullptr);
  mg_callbacks callbacks{};
  callbacks.begin_request = &OnRequest;
  callbacks.http_error = &OnError;
  callbacks.log_message = &OnLog;
  mg_init_data init{};
  init.callbacks = &callbacks;
  init.user_data = this;
  init.configuration_options = names_and_values.data();
  const base::SignalsBlocked inherited;
  return mg_start2(&init, nullptr);
}

void Server::Impl::FindPorts() {
  std::vector<mg_server_port> ports(addresses_.size());
  mg_get_server_ports(context_, static_cast<int>(ports.size()), ports.data());
  for (std::size_t i = 0; i < ports.size(); ++i) {
    addresses_[i].sin_port = htons(static_cast<std::uint16_t>(ports[i].port));
  }
}

// civetweb's threads look up every two seconds only, so they are woken through their sockets, again
// and again, for they may be about to wait on one.
Server::Impl::~Impl() {
  base::MutexLock lock(mutex_);
  stopping_ = true;
  const base::TimePoint give_up = base::Add(base::RealClock().Now(), kStopGrace);
  while (visits_ > 0 && changed_.WaitUntil(mutex_, give_up)) continue;
  lock.Unlock();
  base::Thread stop("http-stop", [this] {
    mg_stop(context_);
    base::MutexLock stop_lock(mutex_);
    stopped_ = true;
    changed_.NotifyAll();
  });
  lock.Lock();
  while (!stopped_) {
    lock.Unlock();
    HangUp(addresses_);
    lock.Lock();
    if (stopped_) break;
    changed_.WaitUntil(mutex_, base::Add(base::RealClock().Now(), kHangUpInterval));
  }
}

std::vector<int> Server::Impl::ports() const {
  std::vector<int> ports;
  for (const sockaddr_in& address : addresses_) ports.push_back(ntohs(address.sin_port));
  return ports;
}

int Server::Impl::OnRequest(mg_connection* connection) noexcept {
  Impl& self = Of(connection);
  const Visit visit(self);
  try {
    const mg_request_info& info = *mg_get_request_info(connection);
    const Body body = std::strcmp(info.request_method, "HEAD") == 0 ? Body::kLeftOut : Body::kSent;
    if (!visit.welcome()) {
      self.Send(connection, Plain(503, "the server is stopping\n"), body, Connection::kClose);
      return 503;
    }
    Request request = MakeRequest(info);
    const std::string accept_encoding = request.Header("Accept-Encoding");
    Response response = Dispatch(self.handlers_, std::move(request));
    Compress(accept_encoding, response);
    self.Send(connection, response, body, WhatFollows(connection, info));
    return response.code;
  } catch (const std::exception& error) {
    Drop(connection, error);
    return 500;
  }
}

int Server::Impl::OnError(mg_connection* connection, int status, const char*) noexcept {
  try {
    const int code = FindCode(status) != nullptr ? status : status < 500 ? 400 : 500;
    const std::string text = std::string(FindCode(code)->reason) + '\n';
    Of(connection)
        .Send(connection, Plain(code, code == 400 ? kMalformed : text), Body::kSent,
              Connection::kClose);
  } catch (const std::exception& error) {
    Drop(connection, error);
  }
  return 0;
}

int Server::Impl::OnLog(const mg_connection* connection, const char* message) noexcept {
  Impl& self = Of(connection);
  {
    base::MutexLock lock(self.mutex_);
    if (!self.started_) {
      if (self.complaint_.empty()) self.complaint_ = message;
      return 1;
    }
  }
  base::LogWarn("http server", {{"message", message}});
  return 1;
}

void Server::Impl::Send(mg_connection* connection, const Response& response, Body body,
                        Connection then) {
  counts_.Count(response.code);
  if (then == Connection::kClose) mg_disable_connection_keep_alive(connection);
  const std::string bytes = Serialize(response, body, then, base::RealClock().WallNow());
  for (std::size_t sent = 0; sent < bytes.size();) {
    const std::size_t size = std::min(kWriteSize, bytes.size() - sent);
    const int written = mg_write(connection, bytes.data() + sent, size);
    if (written <= 0) {
      // The client is gone, reads nothing, or the server stops.
      mg_disable_connection_keep_alive(connection);
      return;
    }
    sent += static_cast<std::size_t>(written);
  }
}

Server::Server(const ServerOptions& options, std::map<std::string, Handler> handlers)
    : impl_(std::make_unique<Impl>(options, std::move(handlers))) {}
Server::~Server() = default;

std::vector<int> Server::ports() const { return impl_->ports(); }

std::vector<std::pair<int, std::uint64_t>> Server::RequestCounts() const {
  return impl_->RequestCounts();
}

}  // namespace scidex::http
