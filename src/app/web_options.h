// What a configuration says about the HTTP server.
#pragma once

#include <memory>

#include "config/config.h"
#include "http/options.h"
#include "http/web_config.h"

namespace scidex::app {

// With the files that the rest of the exporter needs reserved from the limit of HTTP clients.
http::ServerOptions WebOptionsOf(const config::Config& config);

// Null if there is no web configuration file.
std::unique_ptr<http::WebConfig> WebConfigOf(const config::Config& config);

}  // namespace scidex::app
