// How HTTP servers of repositories are asked, and what their refusals mean. Private to server/git.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace testselect {

// libgit2 1.5 shows a URL's user and password only after it was refused, and then fails over the
// text that came with the refusal. So they are taken out of the URL and shown at once.
struct HttpAccess {
  std::string url;            // without user and password
  std::string authorization;  // the header that shows them; empty: none

  // Of any URL; those of other schemes stay as they are.
  static HttpAccess Of(const std::string& url);
};

// `error` of a fetch, with what it means for whoever configured the URL in front where that is
// known. `refused`: the server asked for credentials.
absl::Status ExplainHttpError(const HttpAccess& access, bool refused, const absl::Status& error);

}  // namespace testselect
