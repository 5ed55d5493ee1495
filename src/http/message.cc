#include "http/message.h"

#include <algorithm>

#include "http/equal_fold.h"

namespace scidex::http {

const std::string& Request::Header(const std::string& name) const {
  static const std::string kNone;
  for (const auto& [key, value] : headers) {
    if (EqualFold(key, name)) return value;
  }
  return kNone;
}

std::string Request::ListHeader(std::string_view name) const {
  std::string list;
  for (const auto& [key, value] : headers) {
    if (!EqualFold(key, name)) continue;
    if (!list.empty()) list += ", ";
    list += value;
  }
  return list;
}

std::optional<std::string_view> Request::Parameter(std::string_view name) const {
  std::string_view rest = query;
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    const std::string_view key = pair.substr(0, pair.find('='));
    if (key == name) return pair.substr(std::min(key.size() + 1, pair.size()));
  }
  return std::nullopt;
}

Response PlainResponse(int code, std::string body) {
  Response response;
  response.code = code;
  response.body = std::move(body);
  return response;
}

}  // namespace scidex::http
