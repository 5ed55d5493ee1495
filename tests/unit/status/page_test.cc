#include "status/page.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <regex>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/enum.h"
#include "routing/route_machine.h"
#include "status/page_content.h"
#include "status/page_script.h"
#include "status/text.h"
#include "status/wording.h"
#include "support/manual_clock.h"
#include "unit/status/sample.h"

namespace scidex::status {
namespace {

using testing::ContainsRegex;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string PageOf(const Sample& sample, const PageOptions& options = {"1.2.3"}) {
  return Page(sample, options, kNow);
}

std::size_t Count(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

TEST(Page, SaysInTheHeadlineWhereReadsGo) {
  EXPECT_THAT(PageOf(ReplicaSample()),
              HasSubstr("<h2 id=\"headline\">Reads go to the replica</h2>"));
  EXPECT_THAT(PageOf(FallthroughSample()), HasSubstr(">Reads fall through to the primary</h2>"));
  EXPECT_THAT(PageOf(DisabledSample()), HasSubstr(">Reads are refused</h2>"));
  EXPECT_THAT(PageOf(UndecidedSample()), HasSubstr(">Reads wait for the first verdict</h2>"));
}

TEST(Page, SaysWhyAndSinceWhen) {
  const std::string page = PageOf(FallthroughSample());
  EXPECT_THAT(page, HasSubstr("The replica&#39;s host refuses connections."));
  EXPECT_THAT(page, HasSubstr("<code id=\"route\">primary_fallthrough</code>"));
  EXPECT_THAT(page, HasSubstr("<code id=\"reason\">connect_refused</code>"));
  EXPECT_THAT(page, HasSubstr(">2023-11-14 22:11:15</span> UTC"));
  EXPECT_THAT(page, HasSubstr("<span id=\"in-force\">2 min 5 s</span>"));
}

TEST(Page, ShowsHowLongTheRouteIsInForceAlsoAfterAStepOfTheClock) {
  using routing::Reason;
  constexpr base::Duration kDay = std::chrono::hours(24);
  for (const base::Duration step : {-kDay, 50 * 365 * kDay}) {
    test::ManualClock clock;
    routing::RouteMachine machine({true, true}, {}, clock.Now());
    Sample sample = ReplicaSample();
    const auto page = [&] {
      sample.pools.route = machine.Stats(clock.Now());
      return Page(sample, {"1.2.3"}, clock.WallNow());
    };
    machine.OnVerdict(Reason::kOk, clock.Now(), clock.Now(), clock.WallNow());
    clock.StepWall(step);
    clock.Advance(std::chrono::seconds(125));
    EXPECT_THAT(page(), HasSubstr("<span id=\"in-force\">2 min 5 s</span>"));
    const std::string since = TimeText(clock.WallNow());
    machine.OnVerdict(Reason::kConnectRefused, clock.Now(), clock.Now(), clock.WallNow());
    EXPECT_THAT(page(), HasSubstr('>' + since + "</span> UTC"));
    clock.StepWall(step);
    clock.Advance(std::chrono::seconds(50));
    EXPECT_THAT(page(), HasSubstr("<span id=\"in-force\">50 s</span>"));
    EXPECT_THAT(page(), HasSubstr('>' + TimeText(clock.WallNow() - std::chrono::seconds(50))));
  }
}

TEST(Page, ShowsHowLongAgoWithoutUseOfTheWallClock) {
  for (const base::WallTime now : {kNow - std::chrono::hours(24), kNow + std::chrono::hours(24)}) {
    const std::string page = Page(QueriesSample(), {"1.2.3"}, now);
    EXPECT_THAT(page, HasSubstr("the write attempted 40 s ago was refused"));
    EXPECT_THAT(page, HasSubstr("1 row, 3.0 s ago"));
  }
}

TEST(Page, HasASentenceForEveryRouteAndEveryReason) {
  for (std::size_t i = 0; i < base::kEnumCount<routing::Route>; ++i) {
    EXPECT_THAT(std::string(Headline(static_cast<routing::Route>(i))), StartsWith("Reads "));
  }
  for (std::size_t i = 0; i < base::kEnumCount<routing::Reason>; ++i) {
    EXPECT_THAT(std::string(Explanation(static_cast<routing::Reason>(i))), EndsWith("."));
  }
}

TEST(Page, SaysThatTheReplicaThatServesIsStaleOrItsLagUnknown) {
  Sample sample = ReplicaSample();
  EXPECT_THAT(PageOf(sample), HasSubstr(">The replica is fit to serve reads.<"));
  sample.control.replica.lag = std::chrono::seconds(20);
  sample.control.replica.stale = true;
  EXPECT_THAT(PageOf(sample),
              HasSubstr(">The replica is fit to serve reads, although it is stale: its lag has "
                        "exceeded the maximum and has not yet fallen to half of it.<"));
  EXPECT_THAT(PageOf(sample), HasSubstr("<td>20 s, stale</td><td>30 s</td>"));
  sample.control.replica = {};
  EXPECT_THAT(PageOf(sample),
              HasSubstr(">The replica is fit to serve reads; its lag is unknown.<"));
}

TEST(Page, SaysHowFarALagThatWasExceededMustFall) {
  Sample sample = FallthroughSample();
  sample.pools.route.reason = routing::Reason::kLagExceeded;
  EXPECT_THAT(PageOf(sample), HasSubstr("lag has exceeded the maximum and has not yet fallen to "
                                        "half of it."));
}

TEST(Page, ReadsNothingAloudButTheRouteAndThatTheExporterDoesNotAnswer) {
  const std::string page = PageOf(ReplicaSample());
  EXPECT_THAT(page, HasSubstr("<div aria-live=\"polite\">\n<h2 id=\"headline\">"));
  EXPECT_EQ(Count(page, "aria-live"), 1U);
  EXPECT_THAT(page, HasSubstr("<div id=\"stale\" hidden>\n<p role=\"alert\">"));
}

TEST(Page, HasABarForEachPoolThatIsAsLongAsThePoolIsLarge) {
  const std::string page = PageOf(ReplicaSample());
  EXPECT_EQ(Count(page, "viewBox=\"0 0 10 1\""), 3U);
  EXPECT_EQ(Count(page,
                  "<rect class=\"free\" x=\"0\" width=\"10\" height=\"1\"/>"
                  "<rect class=\"in_use\" x=\"0\" width=\"3\" height=\"1\"/>"
                  "<rect class=\"idle\" x=\"3\" width=\"2\" height=\"1\"/>"
                  "<rect class=\"connecting\" x=\"5\" width=\"1\" height=\"1\"/>"),
            3U);
}

TEST(Page, NamesABarByTheNumbersBesideIt) {
  const std::string page = PageOf(ReplicaSample());
  EXPECT_THAT(page, HasSubstr("role=\"img\" aria-labelledby=\"ro-numbers\""));
  EXPECT_THAT(page, HasSubstr("<p id=\"ro-numbers\">"));
  EXPECT_THAT(page, HasSubstr("<b id=\"ro-in_use\">3</b> in use"));
  EXPECT_THAT(page, HasSubstr("<b id=\"ro-idle\">2</b> idle"));
  EXPECT_THAT(page, HasSubstr("<b id=\"ro-connecting\">1</b> connecting"));
  EXPECT_THAT(page, HasSubstr("<span id=\"ro-size\">size 6 of 10, target 8</span>"));
}

TEST(Page, MarksWaiters) {
  Sample sample = ReplicaSample();
  EXPECT_THAT(PageOf(sample),
              HasSubstr("<span id=\"ro-waiters\" class=\"alarm\">4 waiting (of 100), "
                        "oldest 250 ms</span>"));
  sample.pools.pools[routing::PoolRole::kRo]->waiters = 0;
  EXPECT_THAT(PageOf(sample), HasSubstr("<span id=\"ro-waiters\">no waiters</span>"));
}

TEST(Page, ShowsTheAgeOfTheOldestLeaseOfEachPool) {
  Sample sample = ReplicaSample();
  EXPECT_THAT(PageOf(sample), HasSubstr("<span id=\"ro-lease\">oldest lease 12 s</span>"));
  sample.pools.pools[routing::PoolRole::kRo]->oldest_leases.clear();
  EXPECT_THAT(PageOf(sample), HasSubstr("<span id=\"ro-lease\">no active leases</span>"));
}

TEST(Page, ShowsCountersOfEachPoolAndADashForAMissingPool) {
  const std::string page = PageOf(ReplicaSample());
  EXPECT_THAT(page, HasSubstr("<th scope=\"col\">primary</th><th scope=\"col\">ro</th>"
                              "<th scope=\"col\">ro_<wbr>fallthrough</th>"));
  EXPECT_THAT(page, HasSubstr("Acquires</th><td id=\"primary-acquires\">1234</td>"));
  EXPECT_THAT(page, HasSubstr("Failed acquires</th><td id=\"primary-failed_acquires\">10</td>"));
  EXPECT_THAT(page, HasSubstr("Failed connects</th><td id=\"primary-failed_connects\">5</td>"));
  EXPECT_THAT(page, HasSubstr("Leases leaked</th><td id=\"primary-leaked\">16</td>"));
  EXPECT_THAT(page, HasSubstr("Writes refused</th><td id=\"primary-refused\">13</td>"));
  EXPECT_THAT(PageOf(DisabledSample()), HasSubstr("<td id=\"ro-acquires\">–</td>"));
}

TEST(Page, SaysThatAPoolIsNotConfigured) {
  const std::string page = PageOf(DisabledSample());
  EXPECT_THAT(page, HasSubstr("<article id=\"ro\" class=\"absent\">"));
  EXPECT_THAT(page, HasSubstr("<p id=\"ro-server\">not configured</p>"));
  EXPECT_EQ(Count(page, "class=\"absent\""), 1U);
}

TEST(Page, ShowsWhetherEachServerAnswers) {
  const std::string page = PageOf(FallthroughSample());
  EXPECT_THAT(page, HasSubstr("<p id=\"primary-server\">answers</p>"));
  EXPECT_THAT(page, HasSubstr("<p id=\"ro-server\" class=\"alarm\">does not answer: "
                              "connect_refused</p>"));
  EXPECT_THAT(PageOf(ReplicaSample()), HasSubstr("<p id=\"ro-server\">answers, in recovery</p>"));
  EXPECT_THAT(PageOf(UndecidedSample()), HasSubstr("<p id=\"ro-server\">not probed yet</p>"));
}

TEST(Page, DoesNotSayThatAServerWhichRefusesSessionsIsSilent) {
  Sample sample = FallthroughSample();
  control::ProbeStats& probe = sample.control.probes[routing::PoolRole::kRo];
  probe.last_reason = routing::Reason::kAuthFailed;
  EXPECT_THAT(PageOf(sample), HasSubstr("class=\"alarm\">refuses sessions: auth_failed</p>"));
  // The database does not exist, for example.
  probe.last_reason = routing::Reason::kConnectFailed;
  EXPECT_THAT(PageOf(sample), HasSubstr("class=\"alarm\">provides no session: connect_failed</p>"));
}

TEST(Page, SaysWhichServerEachPoolIsOnAlsoWhileItIsDown) {
  const std::string page = PageOf(FallthroughSample());
  EXPECT_THAT(page, HasSubstr("<p id=\"primary-address\">db1:5432/shop</p>"));
  EXPECT_THAT(page, HasSubstr("<p id=\"ro-address\">[fd00::2]:5433/shop</p>"));
  EXPECT_THAT(PageOf(DisabledSample()), HasSubstr("<p id=\"ro-address\"></p>"));
}

TEST(Page, SaysHowFarTheReplicaIsBehindIfOneIsConfigured) {
  EXPECT_THAT(PageOf(ReplicaSample()), HasSubstr("<td>1.5 s</td><td>30 s</td><td>up</td>"));
  EXPECT_THAT(PageOf(FallthroughSample()), HasSubstr("<td>1.5 s</td><td>30 s</td><td>down</td>"));
  EXPECT_THAT(PageOf(UndecidedSample()), HasSubstr("<td>unknown</td><td>30 s</td>"));
  EXPECT_THAT(PageOf(DisabledSample()), HasSubstr("<section hidden>\n<h2>Replica</h2>"));
}

TEST(Page, ShowsHowReadOnlyIsEnforcedAndWhetherThatWasVerified) {
  Sample sample = ReplicaSample();
  EXPECT_THAT(PageOf(sample),
              HasSubstr("<tr><td>ro</td><td>by a setting of each session</td><td>the "
                        "write attempted 40 s ago was refused, in recovery</td>"));
  EXPECT_THAT(PageOf(sample),
              HasSubstr("<tr><td>ro_fallthrough</td><td>by a setting of each session"
                        "</td><td>the write attempted 40 s ago was refused</td>"));
  sample.control.probes[routing::PoolRole::kRo].behind_pooler = true;
  sample.control.canaries[routing::PoolRole::kRo].success = false;
  EXPECT_THAT(PageOf(sample),
              HasSubstr("<tr class=\"alarm\"><td>ro</td><td>only by transaction, because of a "
                        "pooler</td><td>the write attempted 40 s ago was not refused</td>"));
  sample.control.canaries[routing::PoolRole::kRo].success.reset();
  EXPECT_THAT(PageOf(sample), HasSubstr("<td>no write attempted yet</td>"));
}

TEST(Page, ShowsTheLastFailedConnectUntilOneSucceeds) {
  EXPECT_THAT(PageOf(FallthroughSample()),
              HasSubstr("<td>ro</td><td>connect_refused: connection to server at "
                        "&quot;10.0.0.2&quot;"));
  EXPECT_THAT(PageOf(ReplicaSample()),
              HasSubstr("<section hidden>\n<h2>Last failed connects</h2>"));
}

TEST(Page, ShowsTheNewestTransitionFirst) {
  const std::string page = PageOf(FallthroughSample());
  const std::size_t newest =
      page.find("22:11:15</td><td>replica → primary_fallthrough: connect_refused");
  const std::size_t older = page.find("20:38:20</td><td>primary_fallthrough → replica: ok");
  ASSERT_NE(older, std::string::npos);
  EXPECT_LT(newest, older);
}

TEST(Page, NamesThePlacesThatHoldLeases) {
  EXPECT_THAT(PageOf(ReplicaSample()),
              ContainsRegex("<td>ro</td><td>12 s</td><td>[^<]*unit/status/sample.h:"));
  EXPECT_EQ(Count(PageOf(ReplicaSample()), "unit/status/sample.h:"), 3U);
}

TEST(Page, ShowsWhichQueryWaitsAndThenWhichHasCostMost) {
  const std::string page = PageOf(QueriesSample());
  EXPECT_THAT(page,
              HasSubstr("<tbody id=\"queries\">\n"
                        "<tr><td>waits</td><td>waiting, from route</td>"
                        "<td>waited 0 µs, used 0 µs</td><td>0 rows, 3.0 s ago</td></tr>\n"
                        "<tr><td>costly</td><td>idle, from route</td>"
                        "<td>waited 20 ms, used 1 min 30 s</td><td>1 row, 3.0 s ago</td></tr>\n"
                        "<tr class=\"alarm\"><td>fails</td><td>idle, from route</td>"
                        "<td>waited 0 µs, used 0 µs</td>"
                        "<td>refused: 42P01: no such &lt;table&gt;</td></tr>\n"));
  EXPECT_THAT(PageOf(ReplicaSample()), HasSubstr("<section hidden>\n<h2>Queries</h2>"));
}

TEST(Page, LinksToWhatProgramsRead) {
  const std::string page = PageOf(ReplicaSample(), {"1.2.3", "/pool-metrics"});
  for (const char* path : {"/pool-metrics", "/api/v1/pools", "/-/ready", "/-/healthy"}) {
    EXPECT_THAT(page, HasSubstr("<a href=\"" + std::string(path) + "\">"));
  }
  EXPECT_THAT(page, Not(HasSubstr("\"/metrics\"")));
  EXPECT_THAT(page, HasSubstr("1.2.3"));
}

TEST(Page, EscapesWhateverComesFromOutside) {
  Sample sample = FallthroughSample();
  const std::string attack = "<script>alert('x')</script>\"";
  for (const routing::PoolRole role : {routing::PoolRole::kPrimary, routing::PoolRole::kRo}) {
    pool::PoolStats& pool = *sample.pools.pools[role];
    pool.name = attack;
    pool.last_connect_outcome = pool::ConnectOutcome::kAuthFailed;
    pool.last_connect_message = attack;
  }
  const std::string page = PageOf(sample, {attack, "/" + attack});
  EXPECT_THAT(page, Not(HasSubstr("<script>")));
  EXPECT_THAT(page, Not(HasSubstr("alert('x')")));
  // The version, the path twice, and for each of two pools its name twice and its message.
  EXPECT_EQ(Count(page, "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;"), 9U);
}

TEST(Page, FetchesItsStyleAndItsScriptFromTheExporterAndNothingElse) {
  for (const Sample& sample :
       {ReplicaSample(), FallthroughSample(), DisabledSample(), UndecidedSample()}) {
    std::string page = PageOf(sample);
    EXPECT_EQ(Count(page, "<link rel=\"stylesheet\" href=\"/status.css\">"), 1U);
    EXPECT_EQ(Count(page, "<script src=\"/status.js\" defer></script>"), 1U);
    EXPECT_EQ(Count(page, "<script"), 1U);
    EXPECT_EQ(Count(page, " src="), 1U);
    EXPECT_EQ(Count(page, "<link"), 2U);
    for (const char* part : {"http:", "https:", "@import", "url(", "<style", " style=", "onload"})
      EXPECT_THAT(page, Not(HasSubstr(part)));
  }
}

TEST(Page, AllowsNothingThatIsInlineAndNoOtherHost) {
  const std::string policy(kPageSecurityPolicy);
  EXPECT_THAT(policy, StartsWith("default-src 'none'; script-src 'self'; connect-src 'self'; "));
  EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
  EXPECT_THAT(policy, Not(HasSubstr("*")));
}

TEST(Page, HasItsHeadingsInOrder) {
  const std::string page = PageOf(ReplicaSample());
  const std::regex heading("<h([1-6])");
  int level = 0;
  for (std::sregex_iterator it(page.begin(), page.end(), heading), end; it != end; ++it) {
    const int next = std::stoi((*it)[1]);
    EXPECT_LE(next, level + 1);
    level = next;
  }
  EXPECT_EQ(Count(page, "<h1>"), 1U);
}

TEST(Page, HasEachIdOnce) {
  const std::string page = PageOf(ReplicaSample());
  const std::regex id(" id=\"([^\"]*)\"");
  std::map<std::string, int> ids;
  for (std::sregex_iterator it(page.begin(), page.end(), id), end; it != end; ++it) ++ids[(*it)[1]];
  for (const auto& [name, count] : ids) EXPECT_EQ(count, 1) << name;
}

// Without it, the script could not show a change.
TEST(Page, HasAnElementForWhateverTheScriptMovesIntoIt) {
  for (const Sample& sample :
       {ReplicaSample(), FallthroughSample(), DisabledSample(), UndecidedSample()}) {
    const std::string page = PageOf(sample);
    const PageContent content = ContentOf(sample, kNow);
    for (const auto& [id, text] : content.texts)
      EXPECT_THAT(page, HasSubstr(" id=\"" + id + "\"")) << text;
    for (const auto& [id, rows] : content.rows)
      EXPECT_THAT(page, HasSubstr("<tbody id=\"" + id + "\">"));
    const std::string script(kPageScript);
    const std::regex used("byId\\('([^']*)'\\)");
    for (std::sregex_iterator it(script.begin(), script.end(), used), end; it != end; ++it)
      EXPECT_THAT(page, HasSubstr(" id=\"" + (*it)[1].str() + "\""));
  }
}

TEST(Page, OpensAndClosesEveryElement) {
  const std::regex tag("<(/?)([a-z0-9]+)[^>]*>");
  for (const Sample& sample :
       {ReplicaSample(), FallthroughSample(), DisabledSample(), UndecidedSample()}) {
    const std::string page = PageOf(sample);
    std::vector<std::string> open;
    for (std::sregex_iterator it(page.begin(), page.end(), tag), end; it != end; ++it) {
      const std::string name = (*it)[2];
      if (name == "meta" || name == "link" || name == "wbr" || name == "rect") continue;
      if ((*it)[1].length() == 0) {
        open.push_back(name);
        continue;
      }
      ASSERT_FALSE(open.empty()) << name;
      EXPECT_EQ(open.back(), name);
      open.pop_back();
    }
    EXPECT_TRUE(open.empty());
  }
}

// If SCIDEX_PAGES=DIRECTORY is set in the environment, writes the pages there for inspection.
TEST(Page, IsAWholeDocumentForEveryRoute) {
  const std::map<std::string, Sample> samples{{"replica", ReplicaSample()},
                                              {"primary_fallthrough", FallthroughSample()},
                                              {"primary_disabled", DisabledSample()},
                                              {"undecided", UndecidedSample()}};
  const char* const directory = std::getenv("SCIDEX_PAGES");
  for (const auto& [name, sample] : samples) {
    const std::string page = PageOf(sample);
    EXPECT_THAT(page, StartsWith("<!DOCTYPE html>\n<html lang=\"en\">"));
    EXPECT_THAT(page, EndsWith("</html>\n"));
    EXPECT_THAT(page, HasSubstr("<section id=\"state\" class=\"" + name + "\">"));
    if (directory != nullptr) std::ofstream(directory + ("/" + name + ".html")) << page;
  }
}

}  // namespace
}  // namespace scidex::status
