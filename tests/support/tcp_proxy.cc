#include "support/tcp_proxy.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <ctime>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/stop_fd.h"

namespace scidex::test {

using base::MutexLock;
using base::UniqueFd;

namespace {

constexpr std::size_t kUnlimited = SIZE_MAX;
// Above this size a reader waits for the writer.
constexpr std::size_t kEnough = 1 << 20;

[[noreturn]] void ThrowSystemError(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

UniqueFd NewSocket() {
  UniqueFd made(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!made.valid()) ThrowSystemError("socket");
  return made;
}

// A write is a separate segment only without Nagle's algorithm.
void Prepare(int socket) {
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  fcntl(socket, F_SETFL, fcntl(socket, F_GETFL) | O_NONBLOCK);
}

// False once the peer has closed.
bool Read(int socket, std::string& into) {
  std::array<char, 16384> buffer{};
  while (into.size() < kEnough) {
    const ssize_t count = recv(socket, buffer.data(), buffer.size(), 0);
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    if (count == 0) return false;
    into.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return true;
}

std::string BigEndian(std::size_t number) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift & 0xff);
  return bytes;
}

// https://www.postgresql.org/docs/current/protocol-message-formats.html
// The length of the first message, including its type; 0 if it is incomplete.
std::size_t WholeMessage(std::string_view bytes) {
  if (bytes.size() < 5) return 0;
  std::size_t length = 0;
  for (std::size_t i = 1; i < 5; ++i) length = length << 8 | static_cast<unsigned char>(bytes[i]);
  return bytes.size() > length ? length + 1 : 0;
}

// An ErrorResponse is of type E, a NoticeResponse of type N.
std::string Response(char type, const std::string& sqlstate, const std::string& severity) {
  std::string fields;
  for (const std::string& field :
       {"S" + severity, "V" + severity, "C" + sqlstate, std::string("Minjected by the proxy")}) {
    fields += field + '\0';
  }
  fields += '\0';
  return type + BigEndian(fields.size() + 4) + fields;
}

}  // namespace

TcpProxy::TcpProxy(int server_port)
    : listener_(NewSocket()),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      server_port_(server_port),
      limit_(kUnlimited),
      cut_after_(kUnlimited) {
  Listen();
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

TcpProxy::~TcpProxy() = default;

void TcpProxy::Listen() {
  sockaddr_in address = Loopback(0);
  socklen_t length = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener_.get(), generic, length) != 0 || listen(listener_.get(), 64) != 0 ||
      getsockname(listener_.get(), generic, &length) != 0) {
    ThrowSystemError("listen");
  }
  Prepare(listener_.get());
  port_ = ntohs(address.sin_port);
}

// libpq takes the last of several values.
std::string TcpProxy::Dsn(const std::string& dsn) const {
  return dsn + " port=" + std::to_string(port_) + " sslmode=disable gssencmode=disable";
}

void TcpProxy::LimitWrites(std::size_t bytes) {
  MutexLock lock(mutex_);
  limit_ = bytes;
}

void TcpProxy::Delay(std::chrono::microseconds between_writes) {
  MutexLock lock(mutex_);
  delay_ = between_writes;
}

void TcpProxy::CutAfter(std::size_t bytes) {
  MutexLock lock(mutex_);
  cut_after_ = bytes;
  for (Link& link : links_) link.left = bytes;
  Wake();
}

void TcpProxy::Suspend() {
  MutexLock lock(mutex_);
  suspended_ = true;
  Wake();
}

void TcpProxy::Resume() {
  MutexLock lock(mutex_);
  suspended_ = false;
  Wake();
}

void TcpProxy::ForgetConnections() {
  MutexLock lock(mutex_);
  forgotten_.splice(forgotten_.end(), links_);
  Wake();
}

void TcpProxy::ConnectTo(int server_port) {
  MutexLock lock(mutex_);
  server_port_ = server_port;
}

void TcpProxy::ClearFaults() {
  MutexLock lock(mutex_);
  limit_ = kUnlimited;
  delay_ = std::chrono::microseconds(0);
  cut_after_ = kUnlimited;
}

void TcpProxy::InjectBeforeReady(const std::string& sqlstate, const std::string& severity) {
  MutexLock lock(mutex_);
  injection_ = Response('E', sqlstate, severity);
}

void TcpProxy::Warn(const std::string& sqlstate) {
  MutexLock lock(mutex_);
  for (Link& link : links_) {
    link.down.out += Response('N', sqlstate, "WARNING");
    Write(link.client.get(), link.down, kUnlimited);
  }
}

void TcpProxy::HideParameter(const std::string& name) {
  MutexLock lock(mutex_);
  hidden_ = name + '\0';
}

void TcpProxy::Replace(const std::string& from, const std::string& to) {
  MutexLock lock(mutex_);
  from_ = from;
  to_ = to;
}

void TcpProxy::Run(const std::stop_token& stop) {
  const base::StopFd stop_fd(stop);
  while (!stop.stop_requested()) {
    Await(stop_fd.fd());
    MutexLock lock(mutex_);
    Step();
  }
}

void TcpProxy::Wake() { eventfd_write(wake_.get(), 1); }

// Until there is something to read, write or accept, or a delay is over.
void TcpProxy::Await(int stop_fd) {
  std::vector<pollfd> polled{
      {stop_fd, POLLIN, 0}, {wake_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
  Clock::duration timeout = std::chrono::seconds(1);
  {
    MutexLock lock(mutex_);
    const Clock::time_point now = Clock::now();
    const auto add = [&](int socket, const Pipe& reads, const Pipe& writes) {
      int events = reads.in.size() + reads.out.size() < kEnough ? POLLIN : 0;
      if (!writes.out.empty() && writes.next_write <= now) events |= POLLOUT;
      if (!writes.out.empty() && writes.next_write > now)
        timeout = std::min<Clock::duration>(timeout, writes.next_write - now);
      polled.push_back({socket, static_cast<short>(events), 0});
    };
    if (suspended_) polled.resize(2);
    for (const Link& link : links_) {
      if (suspended_) break;
      add(link.client.get(), link.up, link.down);
      add(link.server.get(), link.down, link.up);
    }
  }
  const auto seconds = std::chrono::floor<std::chrono::seconds>(timeout);
  const timespec left{seconds.count(), std::chrono::nanoseconds(timeout - seconds).count()};
  ppoll(polled.data(), polled.size(), &left, nullptr);
  eventfd_t woken = 0;
  eventfd_read(wake_.get(), &woken);
}

void TcpProxy::Step() {
  // The kernel accepts connections until its queue is full, and no process responds.
  if (suspended_) return;
  Accept();
  for (Link& link : links_) Move(link);
  links_.remove_if([](const Link& link) { return link.ended; });
}

void TcpProxy::Accept() {
  for (;;) {
    UniqueFd client(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!client.valid()) return;
    UniqueFd server = NewSocket();
    const sockaddr_in address = Loopback(server_port_);
    if (connect(server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      continue;
    Prepare(client.get());
    Prepare(server.get());
    links_.push_back({std::move(server), std::move(client), {}, {}, cut_after_});
  }
}

void TcpProxy::Move(Link& link) {
  const bool client_there = Read(link.client.get(), link.up.in);
  const bool server_there = Read(link.server.get(), link.down.in);
  ForwardFromClient(link.up);
  ForwardFromServer(link.down);
  const ssize_t up = Write(link.server.get(), link.up, kUnlimited);
  const ssize_t down = Write(link.client.get(), link.down, link.left);
  if (up < 0 || down < 0) link.ended = true;
  if (down > 0 && link.left != kUnlimited) link.left -= static_cast<std::size_t>(down);
  // What one side sent before it closed still reaches the other.
  link.ended = link.ended || link.left == 0 || (!client_there && link.up.out.empty()) ||
               (!server_there && link.down.out.empty());
}

void TcpProxy::ForwardFromClient(Pipe& up) {
  if (!from_.empty()) {
    for (std::size_t at = up.in.find(from_); at != std::string::npos; at = up.in.find(from_, at)) {
      up.in.replace(at, from_.size(), to_);
    }
  }
  up.out += std::exchange(up.in, "");
}

void TcpProxy::ForwardFromServer(Pipe& down) {
  while (const std::size_t length = WholeMessage(down.in)) {
    if (down.in.front() == 'Z') down.out += std::exchange(injection_, "");
    const bool hidden = !hidden_.empty() && down.in.front() == 'S' &&
                        std::string_view(down.in).substr(5).starts_with(hidden_);
    if (!hidden) down.out.append(down.in, 0, length);
    down.in.erase(0, length);
  }
}

ssize_t TcpProxy::Write(int socket, Pipe& pipe, std::size_t most) {
  ssize_t sum = 0;
  while (!pipe.out.empty() && most > 0) {
    const Clock::time_point now = Clock::now();
    if (now < pipe.next_write) return sum;
    const ssize_t count =
        send(socket, pipe.out.data(), std::min({pipe.out.size(), most, limit_}), MSG_NOSIGNAL);
    if (count < 0) return errno == EAGAIN || errno == EINTR ? sum : -1;
    sum += count;
    most -= static_cast<std::size_t>(count);
    pipe.out.erase(0, static_cast<std::size_t>(count));
    pipe.next_write = now + delay_;
  }
  return sum;
}

}  // namespace scidex::test
