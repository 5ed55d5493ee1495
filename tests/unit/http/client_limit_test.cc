#include "http/client_limit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "http/address.h"
#include "http/error.h"
#include "support/http_client.h"
#include "support/refused_limits.h"
#include "unit/http/fixture.h"

namespace scidex::http {
namespace {

using test::Get;
using test::HttpConnection;
using ::testing::AllOf;
using ::testing::HasSubstr;

// Lowers the limit of open files for a scope. It does not close those above it.
class FileLimit {
 public:
  explicit FileLimit(rlim_t limit) {
    getrlimit(RLIMIT_NOFILE, &before_);
    rlimit lower = before_;
    lower.rlim_cur = limit;
    setrlimit(RLIMIT_NOFILE, &lower);
  }
  ~FileLimit() { setrlimit(RLIMIT_NOFILE, &before_); }
  FileLimit(const FileLimit&) = delete;
  FileLimit& operator=(const FileLimit&) = delete;

 private:
  rlimit before_{};
};

TEST(HttpClientLimit, IsTheOptionUnlessTheLimitOfFilesIsLower) {
  const FileLimit limit(300);
  EXPECT_EQ(ClientLimit(100, 150), 100u);
  EXPECT_EQ(ClientLimit(200, 150), 150u);
  EXPECT_EQ(ClientLimit(200, 300), 0u);
  EXPECT_EQ(ClientLimit(200, 1000), 0u);
}

TEST(HttpClientLimit, FollowsTheLimitOfFilesAsItMoves) {
  const FileLimit limit(300);
  EXPECT_EQ(ClientLimit(1000, 100), 200u);
  const FileLimit lower(250);
  EXPECT_EQ(ClientLimit(1000, 100), 150u);
}

TEST(HttpClientLimit, TooLowALimitOfFilesSaysWhatToRaiseAndToWhat) {
  const FileLimit limit(300);
  EXPECT_NO_THROW(RequireFiles(284));
  try {
    RequireFiles(285);
    FAIL() << "it is not refused";
  } catch (const ServerError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("the limit of open files is 300"),
                                    HasSubstr("LimitNOFILE=301"), HasSubstr("ulimit -n 301")));
  }
}

TEST(HttpClientLimit, ServerThatNeedsMoreFilesThanThereAreDoesNotStart) {
  const FileLimit limit(300);
  ServerOptions options = ListenOnLoopback();
  options.reserved_files = 300;
  EXPECT_THROW(Server(options, {{"/", RespondWith("")}}), ServerError);
}

TEST(HttpClientLimit, ReserveThatDoesNotFitIsRefusedAndChangesNothing) {
  const FileLimit limit(300);
  Server server(ListenOnLoopback(), {{"/", RespondWith("served")}});
  EXPECT_THROW(server.ReserveFiles(290), ServerError);
  EXPECT_EQ(Get(server.ports().at(0), "/").body, "served");
}

// Clients and server share the files of this process: the server's share ends at the limit, and the
// test raises it again for its own sockets.
TEST(HttpClientLimit, MoreClientsThanFilesLeaveTheServerServing) {
  const FileLimit limit(400);
  ServerOptions options = ListenOnLoopback();
  options.reserved_files = 300;
  const Server server(options, {{"/", RespondWith("served")}});
  const int port = server.ports().at(0);
  std::vector<std::unique_ptr<HttpConnection>> idle;
  for (int i = 0; i < 150; ++i) idle.push_back(std::make_unique<HttpConnection>(port));
  EXPECT_EQ(Get(port, "/").body, "served");
  // The oldest were closed to make room.
  EXPECT_EQ(idle.front()->ReadToEnd(), "");
  idle.back()->SendRequest("GET", "/");
  EXPECT_EQ(idle.back()->Read().body, "served");
}

TEST(HttpClientLimit, LoweredAtRuntimeClosesTheIdleClientsAboveIt) {
  const FileLimit limit(1000);
  ServerOptions options = ListenOnLoopback();
  options.reserved_files = 300;
  const Server server(options, {{"/", RespondWith("served")}});
  const int port = server.ports().at(0);
  std::vector<std::unique_ptr<HttpConnection>> idle;
  for (int i = 0; i < 60; ++i) {
    idle.push_back(std::make_unique<HttpConnection>(port));
    idle.back()->SendRequest("GET", "/");
    EXPECT_EQ(idle.back()->Read().body, "served");
  }
  const std::size_t others = FilesOfServer(4, 1);
  for (const std::size_t clients : {57U, 10U}) {
    const FileLimit lower(300 + others + clients);
    EXPECT_EQ(Get(port, "/").body, "served");
  }
  EXPECT_EQ(idle.front()->ReadToEnd(), "");
  idle.back()->SendRequest("GET", "/");
  EXPECT_EQ(idle.back()->Read().body, "served");
}

// The lowest limit of open files with which a server may start.
int LowestLimit(const std::string& address) {
  for (int files = 300;; --files) {
    const FileLimit limit(static_cast<rlim_t>(files));
    try {
      CheckLimits(ListenOn({address}));
    } catch (const ServerError&) {
      return files + 1;
    }
  }
}

TEST(HttpClientLimit, EachAddressOfANameNeedsItsFiles) {
  const int of_one = static_cast<int>(FilesOfServer(4, 1));
  const int of_all = static_cast<int>(FilesOfServer(4, ParseAddress("localhost:0").size()));
  EXPECT_EQ(LowestLimit("localhost:0") - LowestLimit("127.0.0.1:0"), of_all - of_one);
}

TEST(HttpClientLimit, ServerOutlivesAProcessWithoutAFileToSpare) {
  const Server server(ListenOnLoopback(), {{"/", RespondWith("served")}});
  const int port = server.ports().at(0);
  HttpConnection kept(port);
  kept.SendRequest("GET", "/");
  EXPECT_EQ(kept.Read().body, "served");
  {
    const FileLimit limit(1000);
    std::vector<base::UniqueFd> all;
    while (all.empty() || all.back().valid()) all.emplace_back(dup(0));
    all.resize(all.size() - 2);
    // The client's socket takes the last one, accept() fails, and the idle client makes room.
    HttpConnection waiting(port);
    waiting.SendRequest("GET", "/");
    EXPECT_EQ(waiting.Read().body, "served");
  }
  EXPECT_EQ(Get(port, "/").body, "served");
}

TEST(ClientLimit, UnreadableFileLimitIsTreatedAsNoLimit) {
  EXPECT_EXIT(
      {
        if (!test::RefuseLimits()) _exit(2);
        RequireFiles(1'000'000);
        _exit(ClientLimit(4096, 1'000'000) == 4096 ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace scidex::http
