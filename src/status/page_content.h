// The content of the status page without its layout, for the page itself and for the JSON with
// which an open page is updated.
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
  // Needs attention.
  bool alarm = false;
};

struct PageContent {
  // The document's title.
  std::string title;
  // The route, or undecided before the first verdict.
  std::string_view state;
  // By the id of the element. Ids that belong to a pool begin with its name and a hyphen.
  std::map<std::string, std::string> texts;
  // Ids of elements that need attention.
  std::set<std::string> alarms;
  // By the id of the table's body. Tables without rows are hidden.
  std::map<std::string, std::vector<PageRow>> rows;
};

// All text is plain; the caller must escape it.
PageContent ContentOf(const database::DatabaseStats& stats, base::WallTime now);

}  // namespace scidex::status
