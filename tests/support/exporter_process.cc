#include "support/exporter_process.h"

#include <stdexcept>
#include <utility>

#include "support/eventually.h"

namespace scidex::test {
namespace {

ProcessOptions OptionsFor(const std::string& binary, std::map<std::string, std::string> environment,
                          std::vector<std::string> flags) {
  environment.emplace("PGHOST", "/nonexistent");
  std::vector<std::string> command{binary, "--web.listen-address=127.0.0.1:0"};
  command.insert(command.end(), flags.begin(), flags.end());
  return {std::move(command), std::move(environment), ""};
}

}  // namespace

ExporterProcess::ExporterProcess(const std::string& binary,
                                 std::map<std::string, std::string> environment,
                                 std::vector<std::string> flags)
    : process_(OptionsFor(binary, std::move(environment), std::move(flags))) {}

int ExporterProcess::port() {
  if (port_ != 0) return port_;
  const std::string before = "msg=\"listening\" address=127.0.0.1:";
  Eventually(kPatience, [&] {
    const std::string log = process_.Errors();
    const std::size_t at = log.find(before);
    if (at != std::string::npos) port_ = std::stoi(log.substr(at + before.size()));
    return port_ != 0 || !process_.running();
  });
  if (port_ == 0)
    throw std::runtime_error("the exporter does not listen; it logged:\n" + process_.Errors());
  return port_;
}

std::string ExporterProcess::Value(const std::string& series) {
  const std::string body = "\n" + Scrape().body;
  const std::string before = "\n" + series + " ";
  const std::size_t at = body.find(before);
  if (at == std::string::npos) return "";
  const std::size_t from = at + before.size();
  return body.substr(from, body.find('\n', from) - from);
}

bool ExporterProcess::AwaitValue(const std::string& series, const std::string& value,
                                 std::chrono::nanoseconds timeout) {
  return Eventually(timeout, [&] { return Value(series) == value; });
}

}  // namespace scidex::test
