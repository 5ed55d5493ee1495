// A response as the bytes that are sent to clients.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "http/answer_memory.h"
#include "http/message.h"

namespace scidex::http {

// Complete except for the Connection header, which differs between the clients that share it.
struct Reply {
  int code = 0;
  std::string head;
  std::string body;
  // Offsets in the head: where the Connection header is inserted, and where the head continues.
  std::size_t connection = 0;
  std::size_t rest = 0;
  // Whether the connection is closed after it: the backend closes its own, or the client is
  // refused.
  bool last = false;
  // For the reserved size, and for what exceeded it.
  AnswerCharge charge;
  AnswerCharge rest_charge;
};
using ReplyPtr = std::shared_ptr<const Reply>;

ReplyPtr MakeReply(Response response);
// A response with a message for the client, whose connection is then closed: a refused client that
// stayed would occupy the place of another one.
ReplyPtr Refusal(int code, const std::string& why);

// Finds the parts of `reply.head`, and returns the size of the body. The head must be complete and
// written by SerializeHead(), which writes each header in one form.
std::size_t FindParts(Reply& reply);

}  // namespace scidex::http
