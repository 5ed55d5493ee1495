#include "http/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "unit/http/served_connection.h"

namespace scidex::http {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const std::string kGet = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";

TEST(HttpConnection, RequestIsPassedOnWithItsLastByteAndNotBefore) {
  ServedConnection connection;
  for (std::size_t i = 0; i + 1 < kGet.size(); ++i) connection.Send(kGet.substr(i, 1));
  EXPECT_FALSE(connection.HasRequest());
  connection.Send(kGet.substr(kGet.size() - 1));
  ASSERT_TRUE(connection.HasRequest());
  connection.Answer("here");
  connection.ReadAll();
  EXPECT_THAT(connection.received(), HasSubstr("\r\n\r\nhere"));
  EXPECT_FALSE(connection.ended());
}

TEST(HttpConnection, PipelinedRequestIsPassedOnAfterTheAnswerToTheOneBefore) {
  ServedConnection connection;
  connection.Send(kGet + kGet);
  ASSERT_TRUE(connection.HasRequest());
  EXPECT_EQ(connection.requests(), 1);
  connection.Answer("first");
  EXPECT_EQ(connection.requests(), 2);
  connection.Answer("second");
  connection.ReadAll();
  EXPECT_LT(connection.received().find("first"), connection.received().find("second"));
}

TEST(HttpConnection, RefusedHeadHasNoBody) {
  ServedConnection connection;
  connection.Send("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n");
  connection.Refuse("busy");
  connection.ReadAll();
  EXPECT_THAT(connection.received(), StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(connection.received(), Not(HasSubstr("busy")));
}

TEST(HttpConnection, MalformedHeadRequestGetsNoBody) {
  for (const char* request : {"HEAD * HTTP/1.1\r\nHost: x\r\n\r\n", "HEAD /a HTTP/1.1\r\n\r\n"}) {
    ServedConnection connection;
    connection.Send(request);
    connection.ReadAll();
    EXPECT_THAT(connection.received(), StartsWith("HTTP/1.1 400 "));
    EXPECT_TRUE(connection.received().ends_with("\r\n\r\n")) << connection.received();
  }
}

TEST(HttpConnection, RefusalEndsTheConnection) {
  ServedConnection connection;
  connection.Send(kGet);
  connection.Refuse("busy");
  connection.ReadAll();
  EXPECT_THAT(connection.received(), HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_TRUE(connection.ended());
}

// If the kernel reset the connection because of the second request, the refusal could be lost.
TEST(HttpConnection, RefusedClientThatSentMoreIsReadUntilItCloses) {
  ServedConnection connection;
  connection.Send(kGet + kGet);
  connection.Refuse("busy");
  connection.ReadAll();
  EXPECT_THAT(connection.received(), HasSubstr("busy"));
  EXPECT_FALSE(connection.ended());
  connection.CloseForWriting();
  connection.ReadAll();
  EXPECT_TRUE(connection.ended());
}

TEST(HttpConnection, ClientThatHasClosedItsSideGetsItsAnswer) {
  ServedConnection connection;
  connection.Send(kGet);
  connection.CloseForWriting();
  connection.Answer("here");
  connection.ReadAll();
  EXPECT_THAT(connection.received(), HasSubstr("here"));
  EXPECT_TRUE(connection.ended());
}

TEST(HttpConnection, RequestThatIsNotWholeInTimeIs408) {
  ServedConnection connection;
  connection.Advance(seconds(60));
  connection.Send(kGet.substr(0, 5));
  connection.Advance(seconds(10) - std::chrono::nanoseconds(1));
  connection.Send(kGet.substr(5, 1));
  connection.ReadAll();
  EXPECT_EQ(connection.received(), "");
  connection.Advance(std::chrono::nanoseconds(1));
  connection.ReadAll();
  EXPECT_THAT(connection.received(), StartsWith("HTTP/1.1 408 "));
}

TEST(HttpConnection, ClientThatAsksForNothingIsClosedInTime) {
  ServedConnection connection;
  connection.Advance(seconds(120) - std::chrono::nanoseconds(1));
  EXPECT_FALSE(connection.ended());
  connection.Advance(std::chrono::nanoseconds(1));
  EXPECT_TRUE(connection.ended());
}

TEST(HttpConnection, TimeThatTheBackendTakesIsNotTheClients) {
  ServedConnection connection;
  connection.Send(kGet);
  connection.Advance(seconds(600));
  connection.Answer("here");
  connection.ReadAll();
  EXPECT_THAT(connection.received(), HasSubstr("here"));
  EXPECT_FALSE(connection.ended());
}

// Larger than the kernel's buffers.
const std::size_t kMuch = 3 << 20;

TEST(HttpConnection, ClientThatReadsNothingIsClosedWhenItStalls) {
  ServedConnection connection;
  connection.Send(kGet);
  connection.Answer(std::string(kMuch, 'x'));
  connection.Advance(seconds(9));
  EXPECT_FALSE(connection.ended());
  connection.Advance(seconds(1));
  EXPECT_TRUE(connection.ended());
}

TEST(HttpConnection, ClientThatReadsSlowlyMakesProgressUntilTheLastMoment) {
  ServedConnection connection;
  connection.Send(kGet);
  connection.Answer(std::string(kMuch, 'x'));
  for (int i = 0; i < 29; ++i) {
    connection.Advance(seconds(1));
    // Enough to make room in the kernel's buffers.
    for (int piece = 0; piece < 8; ++piece) connection.Read(4096);
    ASSERT_FALSE(connection.ended()) << i;
  }
  connection.Advance(seconds(1));
  EXPECT_TRUE(connection.ended());
}

TEST(HttpConnection, RequestWithABodyIsAnsweredAndTheRestReadForAMoment) {
  ServedConnection connection;
  connection.Send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n");
  connection.Answer("here");
  connection.Send("some more");
  connection.ReadAll();
  EXPECT_THAT(connection.received(), HasSubstr("Connection: close"));
  EXPECT_FALSE(connection.ended());
  connection.Advance(seconds(1));
  EXPECT_TRUE(connection.ended());
}

TEST(HttpConnection, AnswerThatTheBackendDoesNotGiveClosesTheConnection) {
  ServedConnection connection;
  connection.Send(kGet + kGet);
  connection.Drop();
  EXPECT_TRUE(connection.ended());
  connection.ReadAll();
  EXPECT_EQ(connection.received(), "");
  EXPECT_EQ(connection.answers(), 0u);
}

TEST(HttpConnection, ClientThatIsGoneWhenItsAnswerComesLeavesNothing) {
  ServedConnection connection;
  connection.Send(kGet);
  connection.Close();
  connection.Answer(std::string(kMuch, 'x'));
  EXPECT_TRUE(connection.ended());
  EXPECT_EQ(connection.waited_for(), 0u);
}

}  // namespace
}  // namespace scidex::http
