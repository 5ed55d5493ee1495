#include "status/json.h"

#include <nlohmann/json.hpp>

namespace scidex::status {
namespace {

// Replaces what is not UTF-8.
std::string TextOfScalar(const nlohmann::json& scalar) {
  return scalar.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

Json::Json(std::string_view text) : text_(TextOfScalar(text)) {}
Json::Json(const std::string& text) : Json(std::string_view(text)) {}

Json::Json(std::initializer_list<Member> members) : kind_(Kind::kObject) {
  for (const Member& member : members) Add(member.first, member.second);
}

std::string Json::TextOfDouble(double number) { return TextOfScalar(number); }

std::string Json::Text() const {
  std::string text;
  AppendText(text, 0);
  return text;
}

void Json::AppendText(std::string& out, std::size_t indent) const {
  if (kind_ == Kind::kScalar) {
    out += text_;
    return;
  }
  const bool is_object = kind_ == Kind::kObject;
  out += is_object ? '{' : '[';
  const std::string line = '\n' + std::string(indent + 2, ' ');
  for (const auto& [key, value] : entries_) {
    if (&value != &entries_.front().second) out += ',';
    out += line;
    if (is_object) out.append(TextOfScalar(key)).append(": ");
    value.AppendText(out, indent + 2);
  }
  if (!entries_.empty()) out.append(line, 0, line.size() - 2);
  out += is_object ? '}' : ']';
}

}  // namespace scidex::status
