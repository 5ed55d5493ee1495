#include "app/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <exception>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "support/temp_dir.h"

namespace scidex::app {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

class CheckTest : public testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& text) {
    return dir_.Write(name, text).string();
  }
  std::vector<std::string> WarningsWithMode(unsigned mode) {
    for (const auto& entry : std::filesystem::directory_iterator(dir_.path()))
      std::filesystem::permissions(entry, static_cast<std::filesystem::perms>(mode));
    config::Config config = config_;
    AddWarnings(config);
    return config.warnings;
  }

  const test::TempDir dir_;
  config::Config config_;
};

TEST_F(CheckTest, SecretInAFileThatEveryoneCanReadIsAWarning) {
  config_.database.primary.emplace().password_file = Write("primary", "secret");
  config_.database.replica.emplace().password_file = Write("replica", "secret");
  const std::string key = Write("server.key", "secret");
  config_.web_config_file =
      Write("web.yaml", "tls_server_config: {cert_file: server.crt, key_file: server.key}\n");
  EXPECT_THAT(WarningsWithMode(0644),
              ElementsAre("primary.password_file: the file is readable by everyone; chmod 0640",
                          "replica.password_file: the file is readable by everyone; chmod 0640",
                          key + " contains a key and is readable by everyone; chmod 0640"));
  EXPECT_THAT(WarningsWithMode(0640), IsEmpty());
}

TEST_F(CheckTest, ErrorNamesTheLineThatTheValueCameFrom) {
  const auto error_of = [&](const std::string& text) -> std::string {
    const std::string path = Write("e.yaml", text);
    try {
      Check(config::Load(path, [](const char*) { return std::nullopt; }));
    } catch (const std::exception& error) {
      return std::string(error.what()).substr(path.size());
    }
    return "no error";
  };
  EXPECT_THAT(error_of("web:\n  listen_addresses: [\":99999\"]\n"),
              StartsWith(":2: web.listen_addresses: cannot listen on \":99999\": "));
  EXPECT_THAT(error_of("web:\n  listen_addresses: [\":1\", \":1\"]\n"),
              StartsWith(":2: web.listen_addresses: cannot listen on both "));
  EXPECT_THAT(error_of("textfile:\n  path: pools.txt\n"), StartsWith(":2: textfile.path: "));
}

}  // namespace
}  // namespace scidex::app
