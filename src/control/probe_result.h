// Result of one probe of a server.
#pragma once

#include "base/explanation.h"
#include "base/time.h"
#include "routing/evidence.h"
#include "routing/route.h"

namespace scidex::control {

struct ProbeResult {
  // kOk, or why there was no answer.
  routing::Reason reason = routing::Reason::kOk;
  base::Explanation message;
  // As in pool::ConnectResult.
  bool refused = false;
  // Valid only for kOk.
  routing::ServerFacts facts;
  // When the server was queried: its facts are from this moment or later.
  base::TimePoint asked_at{};
  // When the probe started: untriggered probes start one interval apart.
  base::TimePoint started{};
};

}  // namespace scidex::control
