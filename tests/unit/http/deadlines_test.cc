#include "http/deadlines.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <memory>

#include "base/unique_fd.h"
#include "support/manual_clock.h"

namespace scidex::http {
namespace {

using std::chrono::seconds;
using Ends = Deadline::Ends;

class HttpDeadlines : public testing::Test {
 protected:
  HttpDeadlines() {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) return;
    ours_ = base::UniqueFd(ends[0]);
    peers_ = base::UniqueFd(ends[1]);
  }
  base::TimePoint In(base::Duration time) { return clock_.Now() + time; }
  // Whether our side has been shut down for reading and writing.
  bool ReadingEnded() {
    char byte = 0;
    return recv(ours_.get(), &byte, 1, MSG_PEEK) == 0;
  }
  bool WritingEnded() { return send(ours_.get(), "x", 1, MSG_NOSIGNAL) != 1; }

  test::ManualClock clock_;
  Deadlines deadlines_{clock_};
  base::UniqueFd ours_;
  base::UniqueFd peers_;
};

TEST_F(HttpDeadlines, EndsReadingAtItsTimeAndNotBefore) {
  Deadline deadline(deadlines_, ours_.get());
  deadline.Set(In(seconds(2)), Ends::kReading);
  EXPECT_EQ(deadlines_.Next(), In(seconds(2)));
  clock_.Advance(seconds(2) - std::chrono::nanoseconds(1));
  deadlines_.Expire();
  EXPECT_FALSE(deadline.expired());
  EXPECT_FALSE(ReadingEnded());
  clock_.Advance(std::chrono::nanoseconds(1));
  deadlines_.Expire();
  EXPECT_TRUE(deadline.expired());
  EXPECT_TRUE(ReadingEnded());
  EXPECT_FALSE(WritingEnded());
  EXPECT_EQ(deadlines_.Next(), base::kNever);
}

TEST_F(HttpDeadlines, EndsBothDirectionsWhereItIsToldTo) {
  Deadline deadline(deadlines_, ours_.get());
  deadline.Set(In(seconds(1)), Ends::kBoth);
  clock_.Advance(seconds(1));
  deadlines_.Expire();
  EXPECT_TRUE(ReadingEnded());
  EXPECT_TRUE(WritingEnded());
}

TEST_F(HttpDeadlines, ReplacedAndClearedOnesDoNotExpire) {
  Deadline deadline(deadlines_, ours_.get());
  deadline.Set(In(seconds(1)), Ends::kBoth);
  deadline.Set(In(seconds(3)), Ends::kBoth);
  clock_.Advance(seconds(2));
  deadlines_.Expire();
  EXPECT_FALSE(deadline.expired());
  deadline.Clear();
  clock_.Advance(seconds(2));
  deadlines_.Expire();
  EXPECT_FALSE(deadline.expired());
  EXPECT_FALSE(ReadingEnded());
}

TEST_F(HttpDeadlines, OneThatIsDestroyedIsForgotten) {
  auto deadline = std::make_unique<Deadline>(deadlines_, ours_.get());
  deadline->Set(In(seconds(1)), Ends::kBoth);
  deadline.reset();
  EXPECT_EQ(deadlines_.Next(), base::kNever);
  clock_.Advance(seconds(1));
  deadlines_.Expire();
  EXPECT_FALSE(ReadingEnded());
}

TEST_F(HttpDeadlines, OnlyAnEarlierOneThanWasToldIsReported) {
  int reports = 0;
  deadlines_.OnEarlier([&] { ++reports; });
  Deadline deadline(deadlines_, ours_.get());
  EXPECT_EQ(deadlines_.Next(), base::kNever);
  deadline.Set(In(seconds(5)), Ends::kBoth);
  EXPECT_EQ(reports, 1);
  EXPECT_EQ(deadlines_.Next(), In(seconds(5)));
  deadline.Set(In(seconds(6)), Ends::kBoth);
  EXPECT_EQ(reports, 1);
  deadline.Set(In(seconds(4)), Ends::kBoth);
  EXPECT_EQ(reports, 2);
}

TEST_F(HttpDeadlines, StopEndsWhatIsThereAndWhatComesLater) {
  const Deadline deadline(deadlines_, ours_.get());
  deadlines_.Stop();
  EXPECT_TRUE(deadline.interrupted());
  EXPECT_TRUE(WritingEnded());
  const Deadline later(deadlines_, peers_.get());
  EXPECT_TRUE(later.interrupted());
}

}  // namespace
}  // namespace scidex::http
