#!/bin/bash
# Checks proto/ by buf's rules (proto/buf.yaml), with a pinned version from npm. Exit status 77 (skipped): it cannot be had here.
set -uo pipefail
cd "$(dirname "$0")/../../proto" || exit

readonly package=@bufbuild/buf@1.75.0
readonly seconds=120
command -v npm >/dev/null || {
  echo "skipped: there is no npm"
  exit 77
}
timeout "$seconds" npm exec --yes --ignore-scripts --package="$package" -- buf --version >/dev/null 2>&1 || {
  echo "skipped: npm could not install $package"
  exit 77
}
exec npm exec --yes --ignore-scripts --package="$package" -- buf lint
