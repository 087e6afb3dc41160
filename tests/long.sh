#!/bin/bash
# Proofs that take too long for tests/run.sh. Prints JSON lines as tests/bench.sh does; exit status 0 where the proof holds.
#   tests/long.sh accuracy [ARGUMENT...]   selections judged by whole-suite runs of published projects (tests/oracle/accuracy.py)
#   tests/long.sh compiled [ARGUMENT...]   the same of modules in Go and of a program in C++ (tests/oracle/compiled.py)
#   tests/long.sh year [ARGUMENT...]       a year of commits, most uploads small: selections are what the evidence taken whole says
#   tests/long.sh replay [ARGUMENT...]     a project's history with the selected tests alone run and uploaded (tests/oracle/replay.py)
#   tests/long.sh cluster [--rounds 48]    five machines and a real S3 store, each killed and cut off in turn (tests/long/cluster.py)
#   tests/long.sh crash [--kills 1000]     kill -9 of testselectd while uploads arrive: what was acknowledged is there (tests/long/crash.py)
set -euo pipefail
cd "$(dirname "$0")/.."

name=${1:-}
packages=()
case $name in
  accuracy | compiled | replay) targets=(testselect) program=(python3 "tests/oracle/$name.py" --testselect bin/testselect) ;;
  year) targets=(year_simulation) program=(bin/year_simulation) ;;
  crash) targets=(testselect testselectd) program=(python3 tests/long/crash.py --bin bin/) ;;
  cluster) targets=(testselect testselectd) program=(python3 tests/long/cluster.py --bin bin/) packages=(radosgw) ;;
  *)
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
shift
{
  deploy/install-packages.sh build test quickstart "${packages[@]}"
  build=${TESTSELECT_BUILD_DIR:-}
  if [ -z "$build" ]; then
    build=$PWD/build/release
    cmake --preset release -DTESTSELECT_TESTS=ON
  fi
  cmake --build "$build" --target "${targets[@]}"
} >&2
exec "${program[@]/#bin\//$build/bin/}" "$@"
