// Statistics in which every number is another one, so that a getter that reads the wrong field
// shows.
#pragma once

#include <string>
#include <vector>

#include "metrics/snapshot.h"

namespace scidex::metrics {

struct DistinctSample {
  // Its exposition part is empty.
  Snapshot snapshot;
  // How each of its counts and times must read in the exposition; histograms and what is only true
  // or false are left out.
  std::vector<std::string> numbers;
};

DistinctSample MakeDistinctSample();

}  // namespace scidex::metrics
