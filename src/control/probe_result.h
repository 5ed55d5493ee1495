// What a probe of one pool's server found.
#pragma once

#include "base/explanation.h"
#include "base/time.h"
#include "routing/evidence.h"
#include "routing/route.h"

namespace scidex::control {

struct ProbeResult {
  // kOk or why there was no answer.
  routing::Reason reason = routing::Reason::kOk;
  base::Explanation message;
  // Holds only for kOk.
  routing::ServerFacts facts;
  // When the server was asked: what it says is of this moment or later.
  base::TimePoint asked_at{};
  // When the probe began: two that were not triggered are an interval apart.
  base::TimePoint started{};
};

}  // namespace scidex::control
