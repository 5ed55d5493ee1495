#include "pool/any_stop.h"

namespace scidex::pool {

const std::stop_token& AnyStop::token() {
  if (relay_) return relay_->token;
  Relay& relay = relay_.emplace();
  const Request request{&relay.either};
  relay.callbacks[0].emplace(caller_, request);
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    if (sources_[i] != nullptr) relay.callbacks[i + 1].emplace(sources_[i]->get_token(), request);
  }
  return relay.token;
}

}  // namespace scidex::pool
