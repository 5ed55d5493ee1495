#include "app/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "config/config.h"
#include "support/temp_dir.h"

namespace scidex::app {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

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

}  // namespace
}  // namespace scidex::app
