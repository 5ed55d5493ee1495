// The web configuration file, as Prometheus's exporter-toolkit has it.
// https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md
#pragma once

#include <string>

#include "config/config.h"
#include "http/options.h"

namespace scidex::config {

// `text` is the content of the file at `path`, from whose folder relative paths in it start. Throws
// ConfigError for what the toolkit refuses, and for what is not served here or would protect
// nothing: rate_limit, a certificate given in two ways, client_allowed_sans without
// client_auth_type.
http::WebOptions ParseWebFile(const std::string& path, const std::string& text);

}  // namespace scidex::config
