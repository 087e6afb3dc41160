#!/bin/bash
# Measures TestSelect against yardsticks of the same run, and prints one JSON object a line on standard output:
#   {"name","value","unit","kind":"ratio|time|bytes","against"}
# Progress goes to standard error. Exit status 0 where every benchmark that was asked for ran.
#   tests/bench.sh [--quick] [--workload own|shared] [NAME...]    all benchmarks without a NAME
#   tests/bench.sh --list                                         their names, each with a sentence
# Builds the preset `release`, or takes the build in TESTSELECT_BUILD_DIR. Workloads are made once and kept in
# TESTSELECT_BENCH_DIR (default: ~/.cache/testselect-bench, some 3 GB). docs/performance.md says what is measured, and how.
set -euo pipefail
cd "$(dirname "$0")/.."
export PYTHONDONTWRITEBYTECODE=1

for argument in "$@"; do
  case $argument in
    --list | --help | -h) exec python3 tests/load/run_benchmarks.py "$@" ;;
  esac
done
{
  deploy/install-packages.sh build bench
  build=${TESTSELECT_BUILD_DIR:-}
  if [ -z "$build" ]; then
    build=$PWD/build/release
    cmake --preset release
  fi
  cmake --build "$build" --target testselectd testselect_benchmarks
} >&2
TESTSELECT_BUILD_DIR=$build exec python3 tests/load/run_benchmarks.py "$@"
