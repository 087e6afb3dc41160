// What gRPC only logs about TLS: why a handshake failed.
//
// A call that fails because of TLS may say no more than "tcp handshaker shutdown" or "empty address
// list". The log knows more, so that it is read here and its reason told with the error.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace testselect::client {

// Reads gRPC's log from now on, for the whole process. Lines about TLS are kept and no longer
// printed; others are printed as before, all where GRPC_VERBOSITY is set. Thread-safe; calling it
// again changes nothing.
void WatchHandshakes();

// What the last failure of TLS means for the user, "" if there was none. Thread-safe.
std::string HandshakeFailure();

// The same for one message, of the log or of a call: "" if it is not about TLS.
std::string ExplainHandshakeLog(absl::string_view message);

// The message of a call that found the server unavailable, with what is known of the reason.
std::string ExplainUnavailable(absl::string_view message, absl::string_view handshake_failure);

}  // namespace testselect::client
