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
#include "status/wording.h"
#include "unit/status/sample.h"

namespace scidex::status {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string PageOf(const Sample& sample, const PageOptions& options = {"1.2.3"}) {
  return Page(sample.pools, sample.control, options, kNow);
}

std::size_t Count(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

TEST(Page, SaysInTheHeadlineWhereReadsGo) {
  EXPECT_THAT(PageOf(OnReplica()), HasSubstr("<h2>Reads go to the replica</h2>"));
  EXPECT_THAT(PageOf(OnPrimary()), HasSubstr("<h2>Reads fall through to the primary</h2>"));
  EXPECT_THAT(PageOf(Disabled()), HasSubstr("<h2>Reads are refused</h2>"));
  EXPECT_THAT(PageOf(Undecided()), HasSubstr("<h2>Reads wait for the first verdict</h2>"));
}

TEST(Page, SaysWhyAndSinceWhen) {
  const std::string page = PageOf(OnPrimary());
  EXPECT_THAT(page, HasSubstr("The replica&#39;s host refuses connections."));
  EXPECT_THAT(page, HasSubstr("<code>primary_fallthrough</code>, reason "
                              "<code>connect_refused</code>, since "));
  EXPECT_THAT(page, HasSubstr(">2023-11-14T22:11:15.000Z</time> (2 min 5 s)"));
}

TEST(Page, HasASentenceForEveryRouteAndEveryReason) {
  for (std::size_t i = 0; i < base::kEnumCount<routing::Route>; ++i) {
    EXPECT_THAT(std::string(Headline(static_cast<routing::Route>(i))), StartsWith("Reads "));
  }
  for (std::size_t i = 0; i < base::kEnumCount<routing::Reason>; ++i) {
    EXPECT_THAT(std::string(Explanation(static_cast<routing::Reason>(i))), EndsWith("."));
  }
}

TEST(Page, HasAColumnForEachPoolAndADashWhereThereIsNone) {
  const std::string page = PageOf(OnReplica());
  EXPECT_THAT(page, HasSubstr("<th scope=\"col\">primary</th><th scope=\"col\">ro</th>"
                              "<th scope=\"col\">ro_<wbr>fallthrough</th>"));
  EXPECT_THAT(page, HasSubstr("<th scope=\"row\">In use</th><td>3</td><td>3</td><td>3</td>"));
  EXPECT_THAT(page, HasSubstr("Size</th><td>6 of 8</td>"));
  EXPECT_THAT(page, HasSubstr("Waiting</th><td>4 of 100</td>"));
  EXPECT_THAT(page, HasSubstr("Failed acquires</th><td>10</td>"));
  EXPECT_THAT(page, HasSubstr("Failed connects</th><td>5</td>"));
  EXPECT_THAT(PageOf(Disabled()), HasSubstr("In use</th><td>3</td><td>–</td><td>3</td>"));
}

TEST(Page, SaysOfEachServerWhetherItAnswers) {
  EXPECT_THAT(PageOf(OnPrimary()), HasSubstr("<td>answers</td><td>does not answer: "
                                             "connect_refused</td><td>answers</td>"));
  EXPECT_THAT(PageOf(OnReplica()), HasSubstr("<td>answers, in recovery</td>"));
  EXPECT_THAT(PageOf(Undecided()), HasSubstr("<td>not probed yet</td>"));
}

TEST(Page, SaysHowFarTheReplicaIsBehindIfOneIsConfigured) {
  EXPECT_THAT(PageOf(OnReplica()), HasSubstr("Behind the primary: 1.5 s (bound: 30 s)"));
  EXPECT_THAT(PageOf(Undecided()), HasSubstr("Behind the primary: not known yet"));
  EXPECT_THAT(PageOf(Disabled()), Not(HasSubstr("Behind the primary")));
}

TEST(Page, SaysWhatKeepsReadsFromWritingAndWhetherThatWasSeenToWork) {
  Sample sample = OnReplica();
  EXPECT_THAT(PageOf(sample), HasSubstr("<code>ro</code> by a setting of each session; the write "
                                        "tried 40 s ago was refused, in recovery</li>"));
  EXPECT_THAT(PageOf(sample), HasSubstr("<code>ro_fallthrough</code> by a setting of each session; "
                                        "the write tried 40 s ago was refused</li>"));
  sample.control.probes[routing::PoolRole::kRo].behind_pooler = true;
  sample.control.canaries[routing::PoolRole::kRo].success = false;
  EXPECT_THAT(PageOf(sample),
              HasSubstr("<code>ro</code> by transaction alone, as a pooler is in between; "
                        "<strong>the write tried 40 s ago was not refused</strong></li>"));
  sample.control.canaries[routing::PoolRole::kRo].success.reset();
  EXPECT_THAT(PageOf(sample), HasSubstr("; no write was tried yet</li>"));
}

TEST(Page, ShowsTheLastFailedConnectUntilOneSucceeds) {
  EXPECT_THAT(PageOf(OnPrimary()), HasSubstr("connection to server at &quot;10.0.0.2&quot;"));
  EXPECT_THAT(PageOf(OnReplica()), Not(HasSubstr("Last failed connects")));
}

TEST(Page, ShowsTheNewestTransitionFirst) {
  const std::string page = PageOf(OnPrimary());
  const std::size_t newest = page.find("22:11:15.000Z</time> <code>replica</code> →");
  const std::size_t older = page.find("20:38:20.000Z</time> <code>primary_fallthrough</code> →");
  ASSERT_NE(older, std::string::npos);
  EXPECT_LT(newest, older);
}

TEST(Page, NamesThePlacesThatHoldLeases) {
  EXPECT_THAT(PageOf(OnReplica()), HasSubstr("<code>ro</code> for 12 s by <code>"));
  EXPECT_EQ(Count(PageOf(OnReplica()), "unit/status/sample.h:"), 3U);
}

TEST(Page, LinksToWhatProgramsRead) {
  const std::string page = PageOf(OnReplica(), {"1.2.3", "/pool-metrics"});
  for (const char* path : {"/pool-metrics", "/api/v1/pools", "/-/ready", "/-/healthy"}) {
    EXPECT_THAT(page, HasSubstr("<a href=\"" + std::string(path) + "\">"));
  }
  EXPECT_THAT(page, Not(HasSubstr("\"/metrics\"")));
  EXPECT_THAT(page, HasSubstr("1.2.3"));
}

TEST(Page, EscapesWhateverComesFromOutside) {
  Sample sample = OnPrimary();
  const std::string attack = "<script>alert('x')</script>\"";
  for (const routing::PoolRole role : {routing::PoolRole::kPrimary, routing::PoolRole::kRo}) {
    pool::PoolStats& pool = *sample.pools.pools[role];
    pool.name = attack;
    pool.last_connect_outcome = pool::ConnectOutcome::kAuthFailed;
    pool.last_connect_message = attack;
  }
  const std::string page = PageOf(sample, {attack, "/" + attack});
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, Not(HasSubstr("alert('x')")));
  // The version, the path twice, and for each of two pools its name twice and its message.
  EXPECT_EQ(Count(page, "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;"), 9U);
}

TEST(Page, HasNoScriptAndFetchesNothing) {
  for (const Sample& sample : {OnReplica(), OnPrimary(), Disabled(), Undecided()}) {
    const std::string page = PageOf(sample);
    for (const char* part : {"<script", "http:", "https:", "src=", "@import", "url(", "onload"}) {
      EXPECT_THAT(page, Not(HasSubstr(part)));
    }
  }
}

TEST(Page, OpensAndClosesEveryElement) {
  const std::regex tag("<(/?)([a-z0-9]+)[^>]*>");
  for (const Sample& sample : {OnReplica(), OnPrimary(), Disabled(), Undecided()}) {
    const std::string page = PageOf(sample);
    std::vector<std::string> open;
    for (std::sregex_iterator it(page.begin(), page.end(), tag), end; it != end; ++it) {
      const std::string name = (*it)[2];
      if (name == "meta" || name == "link" || name == "wbr") continue;
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

// With SCIDEX_PAGES=DIRECTORY in the environment the pages are written there, to be looked at.
TEST(Page, IsAWholeDocumentForEveryRoute) {
  const std::map<std::string, Sample> samples{{"replica", OnReplica()},
                                              {"primary_fallthrough", OnPrimary()},
                                              {"primary_disabled", Disabled()},
                                              {"undecided", Undecided()}};
  const char* const directory = std::getenv("SCIDEX_PAGES");
  for (const auto& [name, sample] : samples) {
    const std::string page = PageOf(sample);
    EXPECT_THAT(page, StartsWith("<!DOCTYPE html>\n<html lang=\"en\">"));
    EXPECT_THAT(page, EndsWith("</html>\n"));
    EXPECT_THAT(page, HasSubstr("<section class=\"route " + name + "\">"));
    if (directory != nullptr) std::ofstream(directory + ("/" + name + ".html")) << page;
  }
}

}  // namespace
}  // namespace scidex::status
