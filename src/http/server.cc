#include "http/server.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "http/address.h"
#include "http/backend.h"
#include "http/client_limit.h"
#include "http/codes.h"
#include "http/compress.h"
#include "http/compute_limit.h"
#include "http/dispatch.h"
#include "http/front.h"
#include "http/gzip.h"
#include "http/logins.h"
#include "http/origin.h"
#include "http/tls.h"

namespace scidex::http {
namespace {

constexpr int kThreadsWithoutLimit = 16;
// A burst of clients should make a scraper wait for a moment rather than be refused.
constexpr std::size_t kWaitingPerRequest = 8;

// Returns the listeners; appends the port of each text to `ports`.
std::vector<base::UniqueFd> ListenOn(const std::vector<std::string>& texts,
                                     std::vector<int>& ports) {
  if (texts.empty()) throw ServerError("no address to listen on; write one such as :19187");
  std::vector<base::UniqueFd> listeners;
  for (std::vector<Address>& of_text : ParseAddresses(texts)) {
    std::vector<base::UniqueFd> some = Listen(std::move(of_text));
    ports.push_back(PortOf(AddressOf(some.front().get())));
    std::move(some.begin(), some.end(), std::back_inserter(listeners));
  }
  return listeners;
}

int ThreadsOf(const ServerOptions& options) {
  if (options.max_requests < 0) {
    throw ServerError("max_requests is " + std::to_string(options.max_requests) +
                      "; it must be at least 1, or 0 for no limit");
  }
  return options.max_requests == 0 ? kThreadsWithoutLimit : options.max_requests;
}

bool UsesTls(WebConfig* web) { return web != nullptr && web->Read()->tls_enabled; }

void AddHeaders(const std::map<std::string, std::string>& headers, Response& response) {
  for (const auto& [name, value] : headers) {
    const bool there = std::any_of(response.headers.begin(), response.headers.end(),
                                   [&](const auto& header) { return header.first == name; });
    // The server always writes this one itself.
    if (!there && name != "X-Content-Type-Options") response.headers.emplace_back(name, value);
  }
}

Access AccessTo(const Endpoints& endpoints, const std::string& path) {
  // The methods of the server are no secret, and the thread that answers health checks answers this
  // too: a login there would delay them by one bcrypt computation.
  if (path == "*") return Access::kEveryone;
  const auto endpoint = endpoints.find(path);
  return endpoint == endpoints.end() ? Access::kUsers : endpoint->second.access;
}

}  // namespace

class Server::Impl {
 public:
  Impl(const ServerOptions& options, Endpoints endpoints, std::unique_ptr<WebConfig> web);
  ~Impl();

  std::vector<int> ports() const { return ports_; }
  bool tls() const { return tls_.has_value(); }
  std::vector<std::pair<int, std::uint64_t>> RequestCounts() const { return counts_.Read(); }
  void ReserveFiles(std::size_t files) { front_->ReserveFiles(files); }
  void CheckWebConfig() {
    if (web_ != nullptr) web_->Read();
    if (tls_) tls_->Context();
  }
  void CallBack(std::function<void()> call) { front_->CallBack(std::move(call)); }

 private:
  Response Answer(Request request);
  // The current web configuration. If it is invalid, logs the reason and returns null.
  std::shared_ptr<const WebOptions> Web();
  // Nothing if the request is allowed.
  std::optional<Response> Refuse(const Request& request, const WebOptions& web);

  const Endpoints endpoints_;
  const base::Duration stop_grace_;
  const std::vector<std::string> allowed_hosts_;
  const std::unique_ptr<WebConfig> web_;
  std::optional<Tls> tls_;
  Logins logins_;
  GzipCache gzip_;
  ComputeLimit computing_{ConcurrentComputations()};
  CodeCounts counts_;
  std::vector<int> ports_;
  std::atomic<bool> stopping_{false};
  base::Mutex mutex_;
  std::string last_error_ SCIDEX_GUARDED_BY(mutex_);
  std::unique_ptr<Backend> backend_;
  std::unique_ptr<Front> front_;
};

Server::Impl::Impl(const ServerOptions& options, Endpoints endpoints,
                   std::unique_ptr<WebConfig> web)
    : endpoints_(std::move(endpoints)),
      stop_grace_(options.stop_grace),
      allowed_hosts_(options.allowed_hosts),
      web_(std::move(web)),
      logins_(std::max(1, ThreadsOf(options) / 2)) {
  if (UsesTls(web_.get())) {
    tls_.emplace(*web_);
    tls_->Context();
  }
  FrontOptions front;
  front.listeners = ListenOn(options.listen_addresses, ports_);
  front.tls = tls_ ? &*tls_ : nullptr;
  front.backend_connections = ThreadsOf(options);
  front.limits.reserved_files = options.reserved_files;
  front.limits.max_waiting =
      kWaitingPerRequest * static_cast<std::size_t>(front.backend_connections);
  if (options.max_requests == 0) {
    front.limits.max_waiting = FrontLimits::kNoLimit;
    front.limits.max_wait = base::Duration::max();
  }
  const auto answer = [this](Request request) { return Answer(std::move(request)); };
  front.direct_paths.insert("*");
  for (const auto& [path, endpoint] : endpoints_) {
    if (endpoint.access != Access::kUsers) front.direct_paths.insert(path);
  }
  front.direct_answer = answer;
  backend_ = std::make_unique<Backend>(front.backend_connections, answer);
  front.backend_path = backend_->path();
  front.backend_bodies = &backend_->bodies();
  front_ = std::make_unique<Front>(std::move(front), counts_);
}

Server::Impl::~Impl() {
  stopping_ = true;
  front_->Drain(base::Add(base::RealClock().Now(), stop_grace_));
  front_.reset();
  backend_.reset();
}

std::shared_ptr<const WebOptions> Server::Impl::Web() {
  static const auto kNone = std::make_shared<const WebOptions>();
  if (web_ == nullptr) return kNone;
  std::string error_text;
  std::shared_ptr<const WebOptions> options;
  try {
    options = web_->Read();
  } catch (const std::exception& error) {
    error_text = error.what();
  }
  const base::MutexLock lock(mutex_);
  if (std::exchange(last_error_, error_text) != error_text && !error_text.empty()) {
    base::LogError("web configuration file", {{"error", error_text}});
  }
  return error_text.empty() ? options : nullptr;
}

Response Server::Impl::Answer(Request request) {
  if (stopping_) return PlainResponse(503, "the server is stopping\n");
  const Access access = AccessTo(endpoints_, request.path);
  const std::shared_ptr<const WebOptions> web = Web();
  if (web == nullptr && access != Access::kAlways) {
    return PlainResponse(500, "the web configuration file is invalid; see the log\n");
  }
  const std::string accept_encoding = request.ListHeader("Accept-Encoding");
  std::optional<Response> refusal;
  if (access == Access::kUsers) refusal = Refuse(request, *web);
  // Not for requests that may wait, for example for the end of a reload, nor for health checks.
  std::optional<ComputeLimit::Guard> computing;
  if (access == Access::kUsers && (request.method == "GET" || request.method == "HEAD")) {
    computing.emplace(computing_);
  }
  Response response = refusal ? std::move(*refusal) : Dispatch(endpoints_, std::move(request));
  if (web != nullptr) AddHeaders(web->headers, response);
  Compress(accept_encoding, gzip_, response);
  return response;
}

std::optional<Response> Server::Impl::Refuse(const Request& request, const WebOptions& web) {
  if (!allowed_hosts_.empty() && !IsAllowedHost(request.Header("Host"), allowed_hosts_)) {
    return PlainResponse(403, "the name in the Host header is not in web.allowed_hosts\n");
  }
  if (web.users.empty()) return std::nullopt;
  switch (logins_.Judge(request.Header("Authorization"), web.users)) {
    case Logins::Verdict::kAccepted:
      return std::nullopt;
    case Logins::Verdict::kTooMany:
      return PlainResponse(503, "too many logins at once; try again later\n");
    case Logins::Verdict::kRefused:
      break;
  }
  Response response = PlainResponse(401, "Unauthorized\n");
  response.headers = {{"WWW-Authenticate", "Basic"}};
  return response;
}

Server::Server(const ServerOptions& options, Endpoints endpoints, std::unique_ptr<WebConfig> web)
    : impl_(std::make_unique<Impl>(options, std::move(endpoints), std::move(web))) {}
Server::~Server() = default;

std::vector<int> Server::ports() const { return impl_->ports(); }

bool Server::tls() const { return impl_->tls(); }

void Server::ReserveFiles(std::size_t files) { impl_->ReserveFiles(files); }

void Server::CheckWebConfig() { impl_->CheckWebConfig(); }

void Server::CallBack(std::function<void()> call) { impl_->CallBack(std::move(call)); }

std::vector<std::pair<int, std::uint64_t>> Server::RequestCounts() const {
  return impl_->RequestCounts();
}

void CheckLimits(const ServerOptions& options) {
  std::size_t listeners = 0;
  // A name may have several addresses, each with a listener.
  for (const auto& addresses : ParseAddresses(options.listen_addresses))
    listeners += addresses.size();
  RequireFiles(FilesOfServer(static_cast<std::size_t>(ThreadsOf(options)), listeners) +
               options.reserved_files);
}

void CheckWebConfig(WebConfig& web) {
  if (UsesTls(&web)) Tls(web).Context();
}

}  // namespace scidex::http
