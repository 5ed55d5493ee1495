#include "http/address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "http/error.h"
#include "support/http_client.h"
#include "unit/http/fixture.h"

namespace scidex::http {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string StartError(const ServerOptions& options) {
  try {
    const Server server(options, {});
  } catch (const ServerError& error) {
    return error.what();
  }
  return "it started";
}

std::string StartError(const std::string& address) { return StartError(ListenOn({address})); }

TEST(HttpAddress, HostAndPortAreReadAsWritten) {
  EXPECT_EQ(ToString(ParseAddress("127.0.0.1:19187").at(0)), "127.0.0.1:19187");
  EXPECT_EQ(ToString(ParseAddress("10.1.2.3:0").at(0)), "10.1.2.3:0");
  EXPECT_EQ(ToString(ParseAddress("[::1]:19187").at(0)), "[::1]:19187");
  EXPECT_EQ(ToString(ParseAddress("[fe80::1%lo]:9187").at(0)), "[fe80::1]:9187");
}

TEST(HttpAddress, AddressesThatOverlapAreRefused) {
  using Texts = std::vector<std::string>;
  for (const Texts& texts :
       {Texts{":9187", ":9187"}, Texts{"127.0.0.1:9187", ":9187"}, Texts{"[::]:9187", "[::1]:9187"},
        Texts{"0.0.0.0:9187", "127.0.0.1:9187"}, Texts{"localhost:9187", "127.0.0.1:9187"},
        Texts{"[::1]:1", "[::1]:1"}}) {
    EXPECT_THAT(StartError(ListenOn(texts)),
                AllOf(HasSubstr("cannot listen on both " + texts[0] + " and " + texts[1]),
                      HasSubstr("overlap")));
    EXPECT_THROW(CheckLimits(ListenOn(texts)), ServerError) << texts[0];
  }
  for (const Texts& texts :
       {Texts{":9187", ":9188"}, Texts{"127.0.0.1:9187", "127.0.0.2:9187"},
        Texts{"127.0.0.1:9187", "[::1]:9187"}, Texts{"127.0.0.1:0", "127.0.0.1:0"}}) {
    EXPECT_EQ(ParseAddresses(texts).size(), 2u) << texts[0];
  }
}

TEST(HttpAddress, PortAloneIsEveryAddress) {
  for (const char* every : {":9187", "[::]:9187"}) {
    EXPECT_EQ(ToString(ParseAddress(every).at(0)), "[::]:9187");
    EXPECT_TRUE(ParseAddress(every).at(0).every) << every;
  }
  EXPECT_FALSE(ParseAddress("0.0.0.0:9187").at(0).every);
}

TEST(HttpAddress, ServerOnEveryAddressIsReachedByLoopback) {
  const auto texts = [](const std::string& text) {
    std::vector<std::string> all;
    for (const Address& address : AddressesToReach(text)) all.push_back(ToString(address));
    return all;
  };
  EXPECT_THAT(texts(":7"), testing::ElementsAre("127.0.0.1:7", "[::]:7"));
  EXPECT_THAT(texts("127.0.0.2:7"), testing::ElementsAre("127.0.0.2:7"));
  EXPECT_THAT(texts("[::1]:7"), testing::ElementsAre("[::1]:7"));
}

TEST(HttpAddress, IPv6WithoutBracketsOrPortIsRefusedWithWhatWouldBeRight) {
  EXPECT_EQ(StartError("::1:9187"),
            "cannot listen on \"::1:9187\": an IPv6 address must be in brackets, followed by a "
            "port; write an address and a port, such as 127.0.0.1:9187, [::1]:9187 or :9187");
  for (const char* address : {"[::]", "[::1:9187", "::1]:9187"}) {
    EXPECT_THAT(StartError(address), HasSubstr("must be in brackets")) << address;
  }
  EXPECT_THAT(StartError("[::g]:1"), HasSubstr("\"::g\" is not an IPv6 address"));
  EXPECT_THAT(StartError("[127.0.0.1]:1"), HasSubstr("\"127.0.0.1\" is not an IPv6 address"));
  EXPECT_THAT(StartError("[fe80::1%none]:1"), HasSubstr("is not an IPv6 address"));
}

TEST(HttpAddress, PartOfAnAddressThatMayBeADsnIsNotRepeated) {
  for (const char* address :
       {"host=db password=S3cret:5432", "S3cret@db:5432", "[S3cret@pw]:5432", "a:S3cret@db:5432"}) {
    EXPECT_THAT(StartError(address), AllOf(HasSubstr("cannot listen on this: "),
                                           Not(HasSubstr("S3cret")), Not(HasSubstr("db"))))
        << address;
  }
  EXPECT_THAT(StartError("S3cret@db:5432"),
              HasSubstr("the host is not an IPv4 address or a name; write an address"));
}

bool HasIPv6() {
  const base::UniqueFd fd(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in6 loopback{};
  loopback.sin6_family = AF_INET6;
  loopback.sin6_addr = in6addr_loopback;
  return bind(fd.get(), reinterpret_cast<const sockaddr*>(&loopback), sizeof loopback) == 0;
}

TEST(HttpAddress, NameOfAHostIsEachOfItsAddresses) {
  const Server server(ListenOn({"localhost:0"}), {{"/", RespondWith("here")}});
  ASSERT_EQ(server.ports().size(), 1u);
  for (const Address& address : ParseAddress("localhost:0")) {
    const bool v4 = address.socket.ss_family == AF_INET;
    if (!v4 && !HasIPv6()) continue;
    test::HttpConnection client(server.ports().at(0), test::kHttpTimeout, v4 ? "127.0.0.1" : "::1");
    client.SendRequest("GET", "/");
    EXPECT_EQ(client.Read().body, "here") << ToString(address);
  }
}

// Like a machine with IPv6 only on loopback, which AI_ADDRCONFIG treats as one without IPv6.
TEST(HttpAddress, NameOfLoopbackKeepsItsAddressOfIPv6) {
  addrinfo hints{};
  hints.ai_family = AF_INET6;
  addrinfo* found = nullptr;
  const bool has_v6 = getaddrinfo("localhost", nullptr, &hints, &found) == 0;
  if (has_v6) freeaddrinfo(found);
  const std::vector<Address> addresses = ParseAddress("localhost:80");
  EXPECT_EQ(std::any_of(addresses.begin(), addresses.end(),
                        [](const Address& one) { return ToString(one) == "[::1]:80"; }),
            has_v6);
}

TEST(HttpAddress, NameThatDoesNotResolveIsRefused) {
  // Longer than a label may be, so that no name server is queried.
  const std::string name(70, 'a');
  EXPECT_THAT(StartError(name + ":9187"),
              AllOf(HasSubstr(name + "\" cannot be resolved: "), HasSubstr("127.0.0.1:9187")));
  EXPECT_THAT(StartError("127.0.0.256:1"),
              HasSubstr("\"127.0.0.256\" is not an IPv4 address or a name"));
  EXPECT_THAT(StartError("a b:1"), HasSubstr("is not an IPv4 address or a name"));
}

TEST(HttpAddress, InvalidPortIsRefused) {
  for (const char* address : {"127.0.0.1:", ":65536", ":-1", ":80s", ":http", ": 80", ":0x50"}) {
    EXPECT_THAT(StartError(address), HasSubstr("the port is not a number from 0 to 65535"))
        << address;
  }
  EXPECT_THAT(StartError("19187"), AllOf(HasSubstr("it has no port"), HasSubstr("or :19187")));
  EXPECT_THAT(StartError(""), HasSubstr("it has no port"));
}

int OptionOf(const base::UniqueFd& socket, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  getsockopt(socket.get(), level, name, &value, &size);
  return value;
}

TEST(HttpAddress, SocketsOfClientsHaveTheOptionsOfTheListener) {
  const base::UniqueFd listener = Listen(ParseAddress("127.0.0.1:0").at(0));
  const Address address = AddressOf(listener.get());
  const base::UniqueFd client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(connect(client.get(), reinterpret_cast<const sockaddr*>(&address.socket), address.size),
            0);
  const base::UniqueFd accepted(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  EXPECT_EQ(OptionOf(accepted, SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(OptionOf(accepted, IPPROTO_TCP, TCP_NODELAY), 1);
  EXPECT_EQ(OptionOf(accepted, IPPROTO_TCP, TCP_NOTSENT_LOWAT), 128 << 10);
}

TEST(HttpAddress, PortInUseIsRefusedWithTheAddressAndTheKernelsReason) {
  const Server other(ListenOnLoopback(), {});
  const std::string address = "127.0.0.1:" + std::to_string(other.ports().at(0));
  EXPECT_EQ(StartError(address), "cannot listen on " + address + ": Address already in use");
}

TEST(HttpAddress, PortOfAConnectionThatHasJustEndedCanBeUsedAgain) {
  int port = 0;
  {
    const Server server(ListenOnLoopback(), {{"/", RespondWith("")}});
    port = server.ports().at(0);
    test::HttpConnection client(port);
    // The server closes first, so its end of the connection stays in TIME_WAIT.
    client.SendRequest("GET", "/", {{"Connection", "close"}});
    client.ReadToEnd();
  }
  const ServerOptions same = ListenOn({"127.0.0.1:" + std::to_string(port)});
  const Server again(same, {{"/", RespondWith("again")}});
  EXPECT_EQ(test::Get(port, "/").body, "again");
}

TEST(HttpAddress, AddressOfAnotherMachineIsRefused) {
  EXPECT_EQ(StartError("192.0.2.1:0"),
            "cannot listen on 192.0.2.1:0: Cannot assign requested address");
}

// In a child of an ordinary user, because root may bind any port.
std::string ListenErrorOfOrdinaryUser(const std::string& address) {
  int ends[2];
  if (pipe(ends) != 0) return "no pipe";
  const base::UniqueFd reader(ends[0]);
  base::UniqueFd writer(ends[1]);
  const pid_t child = fork();
  if (child == 0) {
    std::string why = "it could";
    try {
      if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0) why = "cannot change the user";
      static_cast<void>(Listen(ParseAddress(address).at(0)));
    } catch (const ServerError& error) {
      why = error.what();
    }
    _exit(write(writer.get(), why.data(), why.size()) == static_cast<ssize_t>(why.size()) ? 0 : 1);
  }
  writer = base::UniqueFd();
  std::string why(200, '\0');
  const ssize_t size = read(reader.get(), why.data(), why.size());
  why.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  waitpid(child, nullptr, 0);
  return why;
}

TEST(HttpAddress, PrivilegedPortIsRefusedToAnOrdinaryUser) {
  int first_unprivileged = 0;
  std::ifstream("/proc/sys/net/ipv4/ip_unprivileged_port_start") >> first_unprivileged;
  // A container may allow every user to bind every port.
  EXPECT_EQ(
      ListenErrorOfOrdinaryUser("127.0.0.1:1"),
      first_unprivileged > 1 ? "cannot listen on 127.0.0.1:1: Permission denied" : "it could");
}

TEST(HttpAddress, MissingAddressAndNegativeRequestLimitAreRefused) {
  EXPECT_THAT(StartError(ListenOn({})), HasSubstr("no address to listen on"));
  EXPECT_THAT(StartError(ListenOn({"127.0.0.1:0"}, -1)), HasSubstr("max_requests is -1"));
}

}  // namespace
}  // namespace scidex::http
