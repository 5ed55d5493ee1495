#include "pool/any_stop.h"

namespace scidex::pool {

AnyStop::AnyStop(const StopSources& sources) {
  const Request request{&either_};
  callbacks_[0].emplace(sources.caller, request);
  if (sources.second != nullptr) callbacks_[1].emplace(sources.second->get_token(), request);
  if (sources.third != nullptr) callbacks_[2].emplace(sources.third->get_token(), request);
}

}  // namespace scidex::pool
