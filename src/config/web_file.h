// Reads the web configuration file in the format of Prometheus's exporter-toolkit.
// https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md
#pragma once

#include <string>

#include "config/config.h"
#include "http/options.h"

namespace scidex::config {

// `text` is the content of the file at `path`; relative paths in it refer to that file's directory.
// Throws ConfigError for everything that the toolkit rejects, and for settings that are not
// supported here or would protect nothing: rate_limit, a certificate given in two ways,
// client_allowed_sans unless client_auth_type is RequireAndVerifyClientCert.
http::WebOptions ParseWebFile(const std::string& path, const std::string& text);

}  // namespace scidex::config
