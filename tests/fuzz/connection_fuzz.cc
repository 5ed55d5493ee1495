// Whatever the client, the backend and time do to a connection, in any order: the responses are
// complete and in the order of the requests, and in the end nothing waits and no memory is held.

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <string_view>

#include "fuzz/property.h"
#include "unit/http/served_connection.h"

namespace {

using scidex::fuzz::Expect;
using scidex::http::ServedConnection;

constexpr std::array<std::string_view, 8> kRequests{
    "GET /a HTTP/1.1\r\nHost: x\r\n\r\n",
    "HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET /a HTTP/1.0\r\n\r\n",
    "GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
    "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    "BREW /a HTTP/1.1\r\nHost: x\r\n\r\n",
    "\x16\x03\x01\x02",
};
constexpr std::array<std::chrono::milliseconds, 6> kTimes{
    std::chrono::milliseconds(1),     std::chrono::milliseconds(1000),
    std::chrono::milliseconds(9999),  std::chrono::milliseconds(10000),
    std::chrono::milliseconds(30000), std::chrono::milliseconds(120000)};
// The largest exceeds the buffers of the kernel.
constexpr std::array<std::size_t, 4> kSizes{0, 100, 70'000, 600'000};

// The input, a byte at a time.
class Steps {
 public:
  explicit Steps(std::string_view input) : rest_(input) {}
  bool Done() const { return rest_.empty(); }
  std::size_t Choose(std::size_t choices) {
    return static_cast<unsigned char>(TakeBytes(1)[0]) % choices;
  }
  // At most the bytes that are left; a null byte at the end of the input.
  std::string TakeBytes(std::size_t size) {
    std::string bytes(rest_.substr(0, size));
    rest_.remove_prefix(bytes.size());
    return bytes.empty() ? std::string(1, '\0') : bytes;
  }

 private:
  std::string_view rest_;
};

// A body that identifies the request that it answers.
std::string BodyOf(int request, std::size_t size) {
  std::string body = "answer " + std::to_string(request) + ';';
  body.resize(std::max(body.size(), size), 'x');
  return body;
}

void RunStep(Steps& steps, ServedConnection& connection) {
  switch (steps.Choose(10)) {
    case 0:
    case 1:
      return connection.Send(std::string(kRequests[steps.Choose(kRequests.size())]));
    case 2:
      return connection.Send(steps.TakeBytes(1 + steps.Choose(40)));
    case 3: {
      // A part of a request.
      const std::string_view request = kRequests[steps.Choose(kRequests.size())];
      const std::size_t from = steps.Choose(request.size());
      return connection.Send(std::string(request.substr(from, 1 + steps.Choose(16))));
    }
    case 4:
      return connection.Read(1 + steps.Choose(255) * 512);
    case 5:
      return connection.CloseForWriting();
    case 6:
      return connection.Close();
    case 7:
      return connection.Advance(kTimes[steps.Choose(kTimes.size())]);
    case 8: {
      const std::size_t size = kSizes[steps.Choose(kSizes.size())];
      if (connection.HasRequest()) connection.Answer(BodyOf(connection.requests(), size));
      return;
    }
    default:
      if (connection.HasRequest()) connection.Drop();
  }
}

// Each response has a head, and the received part of its body. Responses with a body are in order.
void ExpectAnswers(std::string_view received) {
  int last = 0;
  for (std::size_t at = received.find("answer "); at != received.npos;
       at = received.find("answer ", at + 1)) {
    const std::size_t end = received.find(';', at);
    if (end == received.npos) break;
    const int number = std::stoi(std::string(received.substr(at + 7, end - at - 7)));
    Expect(number > last, "answers come in the order of their requests");
    last = number;
  }
  Expect(received.empty() || std::string_view("HTTP/1.1 ").starts_with(received.substr(0, 9)),
         "what comes first is an answer");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text = scidex::fuzz::Text(data, size);
  ServedConnection connection;
  for (Steps steps(text); !steps.Done();) RunStep(steps, connection);
  connection.ReadAll();
  ExpectAnswers(connection.received());
  connection.End();
  Expect(connection.ended(), "a connection ends when nothing more comes");
  Expect(connection.failure().empty(), "nothing fails but the client", connection.failure());
  Expect(connection.waited_for() == 0, "no client is waited for after its end");
  Expect(connection.memory_used() == 0, "no memory is held for a client after its end");
  Expect(connection.answers() <= static_cast<std::uint64_t>(connection.requests()) + 1,
         "no more is answered than was asked, and one refusal");
  return 0;
}
