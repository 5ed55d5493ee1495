// An answer as it goes to clients.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "http/answer_memory.h"
#include "http/message.h"

namespace scidex::http {

// All of it but for what it says of the connection, which differs between the clients that share
// it.
struct Reply {
  int code = 0;
  std::string text;
  // Where the head has its place for Connection, where it goes on, and where the body begins.
  std::size_t connection = 0;
  std::size_t rest = 0;
  std::size_t body = 0;
  // Whether the backend closes.
  bool last = false;
  // For what it was expected to take, and for what it took beyond that.
  AnswerCharge charge;
  AnswerCharge rest_charge;
};
using ReplyPtr = std::shared_ptr<const Reply>;

// `head`: without the body, for HEAD.
ReplyPtr MakeReply(const Response& response, bool head = false);
// A sentence for the client.
ReplyPtr Refusal(int code, const std::string& why);

// Finds the parts of the head with which `reply.text` begins, and returns how long the body is. The
// head must be whole, and the backend's: it writes each header in one way.
std::size_t FindParts(Reply& reply);

}  // namespace scidex::http
