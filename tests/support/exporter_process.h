// The exporter as a process of its own, as an operator runs it.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "support/eventually.h"
#include "support/http_client.h"
#include "support/process.h"

namespace scidex::test {

class ExporterProcess {
 public:
  // Starts SCIDEX_EXPORTER on its own port of 127.0.0.1, with `flags` and `environment`. PGHOST is
  // an empty directory unless the environment sets it, so that the exporter does not connect to a
  // server of this machine by chance.
  ExporterProcess(const std::string& binary, std::map<std::string, std::string> environment,
                  std::vector<std::string> flags = {});

  // Waits until it listens. Throws std::runtime_error with what it logged if it does not.
  int port();
  // Scrapes once; throws if that fails.
  HttpResponse Scrape() { return Get(port(), "/metrics"); }
  // The value of a series in a scrape, as written in the exposition; "" if there is no such series.
  std::string Value(const std::string& series);
  bool AwaitValue(const std::string& series, const std::string& value,
                  std::chrono::nanoseconds timeout = kPatience);
  Process& process() { return process_; }

 private:
  Process process_;
  int port_ = 0;
};

}  // namespace scidex::test
