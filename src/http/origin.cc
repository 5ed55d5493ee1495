#include "http/origin.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>

#include "http/equal_fold.h"

namespace scidex::http {
namespace {

bool IsAddress(const std::string& host) {
  in6_addr address{};
  if (host.starts_with('[') && host.ends_with(']')) {
    return inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &address) == 1;
  }
  return inet_pton(AF_INET, host.c_str(), &address) == 1;
}

}  // namespace

bool IsCrossSite(const Request& request) {
  const std::string& site = request.Header("Sec-Fetch-Site");
  if (!site.empty()) return site != "same-origin" && site != "none";
  const std::string_view origin = request.Header("Origin");
  if (origin.empty()) return false;
  const std::size_t scheme = origin.find("://");
  return scheme == origin.npos || !EqualFold(origin.substr(scheme + 3), request.Header("Host"));
}

bool IsAllowedHost(std::string_view host, const std::vector<std::string>& allowed) {
  const std::size_t colon = host.rfind(':');
  const bool has_port = colon != host.npos && host.find(']', colon) == host.npos;
  std::string name(host.substr(0, has_port ? colon : host.npos));
  if (IsAddress(name)) return true;
  if (name.ends_with('.')) name.pop_back();
  return std::any_of(allowed.begin(), allowed.end(),
                     [&](const std::string& one) { return EqualFold(name, one); });
}

}  // namespace scidex::http
