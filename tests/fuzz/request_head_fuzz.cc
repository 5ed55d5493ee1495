// A request head has one interpretation: it is recognized as soon as it is complete, and the
// backend interprets the serialized head in the same way.

#include "fuzz/property.h"
#include "http/request_head.h"

namespace {

using scidex::fuzz::Expect;
using scidex::http::RequestHead;

std::string Serialized(const RequestHead& head) {
  std::string text = head.method + ' ' + head.target + " HTTP/1.1\r\n";
  for (const auto& [name, value] : head.headers) text += name + ": " + value + "\r\n";
  return text + "\r\n";
}

void ExpectSafe(const RequestHead& head) {
  const std::string ends("\r\n\0", 3);
  Expect(head.target.starts_with('/') || (head.target == "*" && head.method == "OPTIONS"),
         "the target is a path", head.target);
  Expect(head.target.find_first_of(ends + ' ') == std::string::npos, "the target is a word");
  Expect(head.method.find_first_of(ends + ' ') == std::string::npos, "the method is a word");
  for (const auto& [name, value] : head.headers) {
    Expect(!name.empty() && name.find_first_of(ends + " :") == std::string::npos,
           "the name of a header is a word", name);
    Expect(value.find_first_of(ends) == std::string::npos, "a header is one line", value);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace scidex;
  const std::string text = fuzz::Text(data, size);
  const auto end = http::FindHeadEnd(text);
  if (!end) return 0;
  Expect(*end <= size, "the head is no longer than what there is");
  Expect(!http::FindHeadEnd(std::string_view(text).substr(0, *end - 1)),
         "a head is whole with its last byte, and not before");
  try {
    const RequestHead head = http::ParseHead(std::string_view(text).substr(0, *end));
    ExpectSafe(head);
    const std::string written = Serialized(head);
    Expect(http::FindHeadEnd(written) == written.size(), "what is written again is one head");
    bool host = false;
    for (const auto& [name, value] : head.headers) host = host || name.size() == 4;
    // Optional in HTTP/1.0.
    if (!host) return 0;
    try {
      const RequestHead again = http::ParseHead(written);
      Expect(again.method == head.method && again.target == head.target &&
                 again.headers == head.headers && again.has_body == head.has_body,
             "what is written again is understood as it was");
    } catch (const http::BadRequest& error) {
      Expect(std::string(error.what()).find("Host") != std::string::npos,
             "what was understood is understood again", error.what());
    }
  } catch (const http::BadRequest& error) {
    fuzz::ExpectMessage(error.what());
    Expect(error.code() == 400 || error.code() == 431 || error.code() == 505,
           "a refusal has one of its codes");
  }
  return 0;
}
