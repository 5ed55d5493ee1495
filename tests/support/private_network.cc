#include "support/private_network.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <vector>

#include "support/process.h"

namespace scidex::test {
namespace {

void Ip(const std::vector<std::string>& words) {
  std::vector<std::string> command{"ip"};
  command.insert(command.end(), words.begin(), words.end());
  const ProcessResult result = Run({command});
  if (result.exit_status != 0) throw std::runtime_error("ip " + words[0] + ": " + result.errors);
}

base::UniqueFd Current() {
  return base::UniqueFd(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
}

base::UniqueFd EnterNew() {
  if (unshare(CLONE_NEWNET) != 0)
    throw std::system_error(errno, std::generic_category(), "a network of its own");
  Ip({"link", "set", "lo", "up"});
  return Current();
}

void Enter(const base::UniqueFd& network) {
  if (setns(network.get(), CLONE_NEWNET) != 0)
    throw std::system_error(errno, std::generic_category(), "setns");
}

}  // namespace

PrivateNetwork::PrivateNetwork() : own_(Current()) {
  client_ = EnterNew();
  server_ = EnterNew();
  Ip({"link", "add", "server", "type", "veth", "peer", "name", "client", "netns",
      "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(client_.get())});
  Ip({"address", "add", std::string(kServerAddress) + "/24", "dev", "server"});
  Ip({"link", "set", "server", "up"});
  OnClientSide([] {
    Ip({"address", "add", "10.77.0.2/24", "dev", "client"});
    Ip({"link", "set", "client", "up"});
  });
}

PrivateNetwork::~PrivateNetwork() { Enter(own_); }

void PrivateNetwork::OnClientSide(const std::function<void()>& work) {
  Enter(client_);
  work();
  Enter(server_);
}

void PrivateNetwork::Cut() { Ip({"link", "set", "server", "down"}); }

void PrivateNetwork::Reconnect() { Ip({"link", "set", "server", "up"}); }

}  // namespace scidex::test
