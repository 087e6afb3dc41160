#!/bin/sh
# Started by `go test -exec` for a package's test binary, in that package's folder. The lines of the
# folder's list are the -test.run expressions to start it with; with evidence wanted, each start
# leaves a cover profile of its own, by the line's number. Status: the first start's that failed.
here=$(pwd -P)
list=$TESTSELECT_RUN_LISTS$here/list
binary=$1
shift
status=0
number=0
[ -f "$list" ] || exit 0
while IFS= read -r expression; do
  number=$((number + 1))
  if [ -n "$TESTSELECT_RUN_COVER" ]; then
    profile=${list%/list}/$number.cov
    if [ -n "$TESTSELECT_RUN_COUNTERS" ]; then
      # A profile is made of all counters in that folder: each start needs one of its own.
      counters=${list%/list}/$number.counters
      mkdir "$counters" || exit 1
      GOCOVERDIR=$counters "$binary" "$@" -test.run="$expression" -test.gocoverdir="$counters" \
        -test.coverprofile="$profile" </dev/null
      ended=$?
      rm -rf "$counters"
    else
      # Before Go 1.20 the counters are in the program's memory alone.
      "$binary" "$@" -test.run="$expression" -test.coverprofile="$profile" </dev/null
      ended=$?
    fi
  else
    "$binary" "$@" -test.run="$expression" </dev/null
    ended=$?
  fi
  [ $status -ne 0 ] || status=$ended
  [ $ended -eq 0 ] || [ -z "$TESTSELECT_RUN_FAIL_FAST" ] || break
done <"$list"
exit $status
