#include "http/reply.h"

#include <charconv>
#include <utility>

#include "http/wire.h"

namespace scidex::http {
namespace {

// The rest of the line after this prefix.
std::string_view After(std::string_view head, std::string_view line_start) {
  const std::size_t start = head.find(line_start);
  if (start == head.npos) return {};
  head.remove_prefix(start + line_start.size());
  return head.substr(0, head.find('\r'));
}

std::size_t Number(std::string_view text) {
  std::size_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

ReplyPtr Make(Response response, Connection connection) {
  auto reply = std::make_shared<Reply>();
  reply->head = SerializeHead(response, connection);
  reply->body = std::move(response.body);
  FindParts(*reply);
  return reply;
}

}  // namespace

ReplyPtr MakeReply(Response response) { return Make(std::move(response), Connection::kUnsaid); }

ReplyPtr Refusal(int code, const std::string& why) {
  return Make(PlainResponse(code, why + '\n'), Connection::kClose);
}

std::size_t FindParts(Reply& reply) {
  constexpr std::string_view kConnection = "\r\nConnection: ";
  const std::string_view head = reply.head;
  reply.code = static_cast<int>(Number(After(head, "HTTP/1.1 ")));
  const std::size_t line = head.find(kConnection);
  reply.connection = line == head.npos ? head.size() - 2 : line + 2;
  reply.rest = line == head.npos ? reply.connection : head.find("\r\n", reply.connection) + 2;
  reply.last = After(head, kConnection) == "close";
  return Number(After(head, "\r\nContent-Length: "));
}

}  // namespace scidex::http
