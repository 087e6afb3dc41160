#!/bin/sh
# Started by cargo test and cargo nextest (CARGO_TARGET_..._RUNNER) with a test program and its arguments, in the program's
# package. TESTSELECT_RUN_MODE says what for:
#   list   FOLDER gets the names of the program's tests, and of those that are ignored; nothing runs
#   each   runs the tests that FOLDER/lists names for the program, each as a process of its own; "(all)" is the program as it is
#   one    runs the test that the arguments name; without one, the program as it is
# FOLDER/lists has a file for each test program, empty where nothing of it is to run.
# Each test that runs leaves a folder in FOLDER: what it was, its status, its counters. FOLDER: TESTSELECT_RUN_FOLDER.
folder=$TESTSELECT_RUN_FOLDER
program=$1

leave() { # TEST COMMAND...
  place=$(mktemp -d "$folder/test.XXXXXXXXXX") || exit 1
  printf '%s\0%s\0' "$program" "$1" >"$place/test"
  shift
  if [ -n "$TESTSELECT_RUN_COVER" ]; then
    LLVM_PROFILE_FILE=$place/%p-%m.profraw $TESTSELECT_RUN_OWN "$@"
  else
    $TESTSELECT_RUN_OWN "$@"
  fi
  ended=$?
  echo "$ended" >"$place/status"
  return "$ended"
}

# rustdoc starts examples of the documentation by this, too.
list=$folder/lists/${program##*/}
if [ "$TESTSELECT_RUN_MODE" != one ] && [ ! -f "$list" ]; then
  exec $TESTSELECT_RUN_OWN "$@"
fi

case $TESTSELECT_RUN_MODE in
list)
  place=$(mktemp -d "$folder/program.XXXXXXXXXX") || exit 1
  printf '%s\0' "$program" >"$place/program"
  # A program with a harness of its own may do anything, and fail: it has no list then.
  $TESTSELECT_RUN_OWN "$program" --list --format terse >"$place/all" </dev/null &&
    $TESTSELECT_RUN_OWN "$program" --list --format terse --ignored >"$place/ignored" </dev/null
  exit 0
  ;;
each)
  # What stands behind the user's own arguments is for rustdoc alone.
  left=$# kept=$((TESTSELECT_RUN_ARGUMENTS + 1))
  while [ "$left" -gt 0 ]; do
    argument=$1
    shift
    if [ "$kept" -gt 0 ]; then set -- "$@" "$argument"; fi
    left=$((left - 1)) kept=$((kept - 1))
  done
  status=0
  while IFS= read -r test; do
    if [ "$test" = "(all)" ]; then
      leave "$test" "$@" </dev/null
    else
      leave "$test" "$@" --exact "$test" </dev/null
    fi
    ended=$?
    [ "$status" -ne 0 ] || status=$ended
  done <"$list"
  exit "$status"
  ;;
*)
  test=
  for argument; do
    if [ "$before" = --exact ]; then test=$argument; fi
    before=$argument
  done
  [ -n "$test" ] || exec $TESTSELECT_RUN_OWN "$@"
  leave "$test" "$@"
  ;;
esac
