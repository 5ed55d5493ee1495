// What the status page says, apart from how it is laid out: the page is made of it, and so is the
// part of the JSON that keeps an open page up to date.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "database/stats.h"

namespace scidex::status {

struct PageRow {
  std::vector<std::string> cells;
  // Somebody should look at it.
  bool alarm = false;
};

struct PageContent {
  // Of the document.
  std::string title;
  // The route, or undecided before the first verdict.
  std::string_view state;
  // By the id of the element. What belongs to a pool has an id that begins with the pool's name and
  // a hyphen.
  std::map<std::string, std::string> texts;
  // The elements among them that somebody should look at.
  std::set<std::string> alarms;
  // By the id of the table's body; a table without rows is not shown.
  std::map<std::string, std::vector<PageRow>> rows;
};

// Plain text throughout: whoever lays it out escapes it.
PageContent ContentOf(const database::DatabaseStats& stats, base::WallTime now);

}  // namespace scidex::status
