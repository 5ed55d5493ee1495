#include "http/handed_bodies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/read_until.hpp>
#include <asio/write.hpp>
#include <optional>
#include <string>

#include "http/backend.h"
#include "unit/http/fixture.h"

namespace scidex::http {
namespace {

TEST(HttpHandedBodies, EachBodyIsTakenOnceFromItsPlace) {
  HandedBodies bodies;
  HandedBodies::Place first(bodies);
  HandedBodies::Place second(bodies);
  bodies.Put(second.name(), "second");
  EXPECT_EQ(first.Take(), std::nullopt);
  EXPECT_EQ(second.Take(), "second");
  EXPECT_EQ(second.Take(), std::nullopt);
}

TEST(HttpHandedBodies, BodyForAPlaceThatIsGoneIsDiscarded) {
  HandedBodies bodies;
  std::string gone;
  {
    const HandedBodies::Place place(bodies);
    gone = place.name();
    bodies.Put(gone, "not taken");
  }
  bodies.Put(gone, "late");
  bodies.Put("no number", "lost");
  HandedBodies::Place next(bodies);
  EXPECT_NE(next.name(), gone);
  EXPECT_EQ(next.Take(), std::nullopt);
}

// A request as the front sends it; returns what the backend sends until `end`.
std::string Exchange(const Backend& backend, const std::string& headers, const std::string& end) {
  asio::io_context io;
  asio::local::stream_protocol::socket socket(io);
  socket.connect(asio::local::stream_protocol::endpoint(backend.path()));
  asio::write(socket, asio::buffer("GET / HTTP/1.1\r\n" + headers + "\r\n"));
  std::string answer;
  asio::read_until(socket, asio::dynamic_buffer(answer), end);
  return answer;
}

TEST(HttpBackend, SendsTheHeadAndHandsOverTheBody) {
  std::string seen;
  Backend backend(1, [&](const Request& request) {
    for (const auto& [name, value] : request.headers) seen += name + ' ';
    return Text("the body");
  });
  HandedBodies::Place place(backend.bodies());
  const std::string headers =
      "Host: x\r\n" + std::string(kBodyPlaceHeader) + ": " + place.name() + "\r\n";
  EXPECT_THAT(Exchange(backend, headers, "\r\n\r\n"),
              testing::AllOf(testing::HasSubstr("\r\nContent-Length: 8\r\n"),
                             testing::EndsWith("\r\n\r\n")));
  EXPECT_EQ(place.Take(), "the body");
  EXPECT_EQ(seen, "Host ");
}

TEST(HttpBackend, SendsTheBodyIfTheRequestNamesNoPlace) {
  const Backend backend(1, [](const Request&) { return Text("the body"); });
  EXPECT_THAT(Exchange(backend, "Host: x\r\n", "the body"), testing::HasSubstr("\r\n\r\nthe body"));
}

}  // namespace
}  // namespace scidex::http
