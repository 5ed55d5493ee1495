#include "base/call_site.h"

#include <string_view>

namespace scidex::base {
namespace {

// "void scidex::pool::Pool::Run(int)" -> "scidex::pool::Pool::Run": the text between the last space
// and the first parenthesis outside template arguments. Returns the whole signature if there is no
// such text, as in a lambda's operator. clang also opens a parenthesis for "(anonymous namespace)".
std::string_view FunctionName(std::string_view signature) {
  std::size_t start = 0;
  int depth = 0;
  for (std::size_t i = 0; i < signature.size(); ++i) {
    const char c = signature[i];
    const bool anonymous = signature.substr(i).starts_with("(anonymous ");
    if (c == '(' && depth == 0 && !anonymous) {
      return i == start ? signature : signature.substr(start, i - start);
    }
    if (c == '<' || anonymous) ++depth;
    if ((c == '>' || c == ')') && depth > 0) --depth;
    if (c == ' ' && depth == 0) start = i + 1;
  }
  return signature;
}

}  // namespace

std::string ToString(const CallSite& site) {
  std::string text = site.file_name();
  text += ':';
  text += std::to_string(site.line());
  const std::string_view function = FunctionName(site.function_name());
  if (!function.empty()) {
    text += " (";
    text += function;
    text += ')';
  }
  return text;
}

}  // namespace scidex::base
