#!/bin/bash
# Installs what is missing, builds, and runs every test; the arguments go to ctest (say, -R Selector).
# The last line is CTest's own count, `N passed, N failed` or `N passed, N failed, N skipped`, and the exit status is 0
# exactly where nothing failed. TESTSELECT_PRESET names another preset of CMakePresets.json (dev, asan, tsan).
set -euo pipefail
cd "$(dirname "$0")/.."

# The preset that the quick start builds too, so that both share one build; its warnings are errors.
preset=${TESTSELECT_PRESET:-release}

deploy/install-packages.sh build test
command -v promtool >/dev/null || deploy/install-packages.sh --unpack build/tools promtool ||
  echo "tests/run.sh: without promtool the alert rules are not tried" >&2
if ! command -v radosgw >/dev/null && { [ -d /run/systemd/system ] || ! deploy/install-packages.sh radosgw; }; then
  echo "tests/run.sh: without radosgw the object store is not tried on S3; deploy/install-packages.sh radosgw" >&2
fi
cmake --preset "$preset" -DTESTSELECT_TESTS=ON
cmake --build --preset "$preset"

log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
ctest --preset "$preset" --output-on-failure --no-tests=error "$@" 2>&1 </dev/null | tee "$log" || status=$?

# CTest says "97% tests passed, 1 tests failed out of 40", and after that lists what did not run: "12 - Name (Skipped)",
# which it counts among the passed ones, and "13 - Name (Disabled)", which it counts nowhere.
summary=$(sed -nE '/^[0-9]+% tests passed, [0-9]+ tests failed out of [0-9]+$/,$p' "$log")
if [ -z "$summary" ]; then
  echo "tests/run.sh: ctest ended with status $status before it counted" >&2
  exit 1
fi
read -r failed total < <(sed -nE '1s/.* passed, ([0-9]+) .* out of ([0-9]+)$/\1 \2/p' <<<"$summary")
skipped=$(grep -cE '^[[:space:]]+[0-9]+ - .* \(Skipped\)$' <<<"$summary" || true)
disabled=$(grep -cE '^[[:space:]]+[0-9]+ - .* \(Disabled\)$' <<<"$summary" || true)
line="$((total - failed - skipped)) passed, $failed failed"
[ $((skipped + disabled)) -eq 0 ] || line+=", $((skipped + disabled)) skipped"
# A status without a failed test (a test that could not start, say) must not look like success.
[ "$status" -eq 0 ] || [ "$failed" -gt 0 ] || echo "tests/run.sh: ctest ended with status $status" >&2
echo "$line"
exit "$status"
