// Statistics in which all numbers differ, so that a getter that reads the wrong field is detected.
#pragma once

#include <string>
#include <vector>

#include "metrics/snapshot.h"

namespace scidex::metrics {

struct DistinctSample {
  // Its exposition part is empty.
  Snapshot snapshot;
  // The expected text of each of its counts and times in the exposition, except histograms and
  // booleans.
  std::vector<std::string> numbers;
};

DistinctSample MakeDistinctSample();

}  // namespace scidex::metrics
