#!/bin/bash
# Installs what TestSelect needs, builds it, and does its main job on a real project that nobody here wrote: two
# consecutive releases of a Python package, with the package's own tests. See --help. Answers go to standard output,
# progress to standard error. Exit status: 0 all done and no test was lost, 1 something failed, 2 wrong usage.
set -euo pipefail

usage() {
  cat <<'EOF'
deploy/quickstart.sh: install, build, and select tests of a real project, from nothing to the answer.

Usage: deploy/quickstart.sh [OPTION]...

  --package NAME     the Python package (default: jinja2); its source distribution must hold its tests
  --old VERSION      the release whose tests leave the evidence (default: 3.1.5)
  --new VERSION      the release whose tests are selected (default: 3.1.6)
  --requires A,B     what else the package's tests need, as pip names it (default for jinja2: trio)
  --port PORT        serve gRPC on PORT and metrics on PORT + 1 of 127.0.0.1 (default: free ports)
  --keep             keep the work folder: the git history, the reports, the index
  --serve            as --keep, and leave the server running
  --help             print this
EOF
}

started=$SECONDS
say() { printf '[%4d s] %s\n' $((SECONDS - started)) "$*" >&2; }
die() {
  printf 'quickstart.sh: %s\n' "$2" >&2
  exit "$1"
}

package=jinja2 old=3.1.5 new=3.1.6 requires='' port=0 keep='' serve=''
while [ $# -gt 0 ]; do
  case $1 in
    --package | --old | --new | --requires | --port)
      [ $# -ge 2 ] || die 2 "$1 needs a value (see --help)"
      declare "${1#--}=$2"
      shift
      ;;
    --keep) keep=1 ;;
    --serve) keep=1 serve=1 ;;
    --help) usage && exit 0 ;;
    *) die 2 "unknown option '$1' (see --help)" ;;
  esac
  shift
done
if ! [[ $port =~ ^[0-9]{1,5}$ ]] || [ "$port" -gt 65534 ]; then
  die 2 "--port '$port' is not a number from 0 to 65534"
fi
[ "$old" != "$new" ] || die 2 "--old and --new are the same release, '$old'"
[ -n "$requires" ] || [ "$package" != jinja2 ] || requires=trio

top=$(cd "$(dirname "$0")/.." && pwd)
helpers=$top/deploy/quickstart
bin=$top/build/release/bin
work=$(mktemp -d "${TMPDIR:-/tmp}/testselect-quickstart.XXXXXX")
project=$work/$package
python=$work/venv/bin/python
server_pid=''

stop_server() {
  [ -n "$server_pid" ] || return 0
  kill -TERM "$server_pid" 2>/dev/null || true
  wait "$server_pid" || say "testselectd ended with status $?"
  server_pid=''
}

clean_up() {
  local status=$?
  trap - EXIT
  if [ -z "$serve" ] || [ "$status" -ne 0 ]; then stop_server; fi
  if [ -n "$keep" ]; then say "the work folder is kept: $work"; else rm -rf "$work"; fi
  exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Runs a command whose output matters only when it fails.
quietly() {
  if ! "$@" >"$work/command.log" 2>&1 </dev/null; then
    tail -n 40 "$work/command.log" >&2
    die 1 "this failed (its last lines are above): $*"
  fi
}

build() {
  "$top/deploy/install-packages.sh" build quickstart
  cd "$top"
  say "building testselectd and testselect (some minutes the first time, seconds after that)"
  quietly cmake --preset release
  quietly cmake --build --preset release --target testselectd testselect
}

# A virtual environment with the package's dependencies, and both releases as their authors published them.
fetch_releases() {
  say "fetching $package $old and $new with their tests"
  quietly python3 -m venv "$work/venv"
  # shellcheck disable=SC2086  # --requires is a list
  quietly "$python" -m pip install --disable-pip-version-check \
    -r "$helpers/requirements.txt" "$package==$new" ${requires//,/ }
  local version
  for version in "$old" "$new"; do
    quietly "$python" -m pip download --disable-pip-version-check --no-deps --no-binary "$package" \
      -d "$work/sdist-$version" "$package==$version"
  done
}

in_project() { git -C "$project" -c user.name=quickstart -c user.email=quickstart@localhost "$@"; }

# Commits the work tree with a fixed date, so that the same input has the same commits. Prints the commit's SHA.
commit() {
  in_project add --all --force
  GIT_AUTHOR_DATE='2024-01-01T00:00:00Z' GIT_COMMITTER_DATE='2024-01-01T00:00:00Z' \
    in_project commit --quiet --no-gpg-sign --message "$1"
  in_project rev-parse HEAD
}

# Makes the source distribution of a release, without the metadata that packing generated, the next commit.
commit_release() {
  find "$project" -mindepth 1 -maxdepth 1 ! -name .git -exec rm -rf {} +
  tar -xzf "$work/sdist-$1"/*.tar.gz -C "$project" --strip-components 1
  rm -rf "$project/PKG-INFO" "$project"/*.egg-info "$project"/src/*.egg-info
  commit "$package $1"
}

# Runs pytest in the project; a suite with failing tests is a result, anything worse is an error.
project_pytest() {
  local status=0
  (cd "$project" && TMPDIR=$work PYTHONPATH=$helpers:src:. PYTHONDONTWRITEBYTECODE=1 \
    "$python" -m pytest -q -p no:cacheprovider "$@") >"$work/pytest.log" 2>&1 </dev/null || status=$?
  if [ "$status" -gt 1 ]; then
    tail -n 40 "$work/pytest.log" >&2
    die 1 "pytest ended with status $status (its last lines are above)"
  fi
}

# run_suite NAME [TEST...]: leaves NAME.coverage (one context per test), NAME.xml (JUnit) and NAME.tsv (outcomes).
run_suite() {
  local name=$1
  shift
  COVERAGE_CORE=ctrace COVERAGE_FILE=$work/$name.coverage OUTCOMES_FILE=$work/$name.tsv project_pytest \
    -p pytest_outcomes --cov=. --cov-context=test --cov-report= --junitxml="$work/$name.xml" "$@"
  say "  $(tail -n 1 "$work/pytest.log")"
}

# Starts testselectd and waits until it says where it listens: on a pipe, so that nothing has to poll.
start_server() {
  local metrics_port=0 line=''
  [ "$port" -eq 0 ] || metrics_port=$((port + 1))
  mkfifo "$work/ready"
  exec 3<>"$work/ready"
  "$bin/testselectd" --listen="127.0.0.1:$port" --metrics-listen="127.0.0.1:$metrics_port" \
    --data-dir="$work/index" --repository="$package=$project" >&3 2>"$work/testselectd.log" </dev/null &
  server_pid=$!
  until read -r -t 1 line <&3; do
    if ! kill -0 "$server_pid" 2>/dev/null; then
      cat "$work/testselectd.log" >&2
      server_pid=''
      die 1 "testselectd did not start (its log is above)"
    fi
  done
  server=$(sed -n 's/.*grpc=\([^ ]*\).*/\1/p' <<<"$line")
  metrics=$(sed -n 's/.*metrics=\([^ ]*\).*/\1/p' <<<"$line")
  say "testselectd serves gRPC on $server"
}

testselect() { TESTSELECT_SERVER=$server "$bin/testselect" "$@"; }

upload() {
  testselect upload --repo "$package" --commit "$2" --job unit --full --path-root "$project" \
    --outcomes "$work/$1.xml" "$work/$1.coverage" >"$work/upload-$1.txt"
}

# select_tests NAME BASE HEAD: asks about the tests that the work tree has, and prints the answer in words.
select_tests() {
  project_pytest --collect-only
  grep -F :: "$work/pytest.log" >"$work/labels-$1.txt"
  testselect select --repo "$package" --base "$2" --head "$3" --job unit \
    --labels-file "$work/labels-$1.txt" --format json --out "$work/selection-$1.json"
  python3 "$helpers/report.py" lists "$work/selection-$1.json"
  echo "why, for three of them:"
  local label
  while IFS= read -r label; do
    testselect explain --json --repo "$package" --base "$2" --head "$3" --job unit -- "$label" >"$work/why.json"
    python3 "$helpers/report.py" why "$work/why.json"
  done < <(python3 "$helpers/report.py" three "$work/selection-$1.json")
}

# check NAME BEFORE AFTER: exits where the selection NAME would have lost a test.
check() {
  python3 "$helpers/report.py" check "$work/selection-$1.json" "$work/$2.tsv" "$work/$3.tsv" ||
    die 1 "the selection lost a test: this is a bug in TestSelect, please report it with --keep's work folder"
}

say "installing what is missing"
build
fetch_releases
git init --quiet --initial-branch=main "$project"
old_sha=$(commit_release "$old")
say "running the tests of $package $old under coverage.py, one context per test"
run_suite old
start_server
say "uploading what they left"
upload old "$old_sha"

new_sha=$(commit_release "$new")
printf '\nFrom %s %s (%.10s) to %s (%.10s):\n' "$package" "$old" "$old_sha" "$new" "$new_sha"
select_tests release "$old_sha" "$new_sha"
say "checking: running the whole suite of $package $new"
run_suite new
echo "check:"
check release old new

say "uploading what it left, and breaking one line of $package $new"
upload new "$new_sha"
edit=$("$python" "$helpers/small_edit.py" "$project" "$work/new.coverage")
edit_sha=$(commit "One line, broken on purpose")
printf '\nA small change on top of %s (%.10s), broken on purpose: %s\n' "$new" "$edit_sha" "$edit"
select_tests edit "$new_sha" "$edit_sha"
python3 -c 'import json, sys; print("\n".join(json.load(open(sys.argv[1]))["run"]))' \
  "$work/selection-edit.json" >"$work/run.txt"
if [ -s "$work/run.txt" ]; then
  say "running the selected tests alone"
  run_suite selected "@$work/run.txt"
  echo "the selected tests, run alone: $(grep -c $'\tfailed$' "$work/selected.tsv") fail"
fi
say "checking: running the whole suite"
run_suite edit
echo "check:"
check edit new edit

scraped=$(python3 -c 'import sys, urllib.request
print(sum(line.startswith(b"testselect_") for line in urllib.request.urlopen(sys.argv[1], timeout=30)))' \
  "http://$metrics/metrics")
cat <<EOF

The same on your own repository, without a server (the index is kept in .testselect/ at its top):
  export PATH=$bin:\$PATH
  cd YOUR_REPOSITORY
  pytest --cov=. --cov-context=test --junitxml=junit.xml
  testselect upload --commit "\$(git rev-parse HEAD)" --outcomes junit.xml .coverage
  # change something, commit it, and then:
  testselect select --base "\$(git rev-parse HEAD~1)" --head "\$(git rev-parse HEAD)" \\
    --labels-command 'pytest --collect-only -q' --format list --out run.txt
  test ! -s run.txt || pytest @run.txt

Metrics of the server: http://$metrics/metrics ($scraped values)
EOF
if [ -n "$serve" ]; then
  echo "The server stays: ask it with --server $server, stop it with: kill $server_pid"
  disown "$server_pid"
else
  echo "The server stops now; --serve leaves it running."
fi
say "done"
