// What is checked of a configuration before it is used, at startup and at each reload.
#pragma once

#include "config/config.h"

namespace scidex::app {

// Checks everything that can be checked without starting, for --config.check. Throws
// config::ConfigError or http::ServerError, which name the place.
void Check(const config::Config& config);

// The part of it that concerns a reload, which can change neither the addresses nor the textfile,
// and checks the limit of open files when it applies the configuration. Never blocks.
void CheckForReload(const config::Config& config);

// The part of that which concerns the credentials of the servers.
void CheckDsns(const config::Config& config);

// Throws config::ConfigError if the metrics would not be published anywhere.
void CheckOutputs(const config::Config& config);

// Adds warnings about files other than the configuration file.
void AddWarnings(config::Config& config);

// Logs what is allowed but not recommended.
void LogWarnings(const config::Config& config);

}  // namespace scidex::app
