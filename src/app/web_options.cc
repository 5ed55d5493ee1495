#include "app/web_options.h"

#include <string>

#include "app/file_budget.h"
#include "config/web_file.h"

namespace scidex::app {

http::ServerOptions WebOptionsOf(const config::Config& config) {
  http::ServerOptions web = config.web;
  web.reserved_files = FilesOf(config);
  return web;
}

std::unique_ptr<http::WebConfig> WebConfigOf(const config::Config& config) {
  const std::string& path = config.web_config_file;
  if (path.empty()) return nullptr;
  return std::make_unique<http::WebConfig>(
      path, [path](const std::string& text) { return config::ParseWebFile(path, text); });
}

}  // namespace scidex::app
