#!/bin/sh
# Cargo starts the compiler for the workspace's own crates by this (RUSTC_WORKSPACE_WRAPPER): with counters, but for what runs
# while others are built. What it makes is kept apart from what is made without it.
case " $* " in
*" --crate-name build_script_"* | *" --crate-type proc-macro "* | *" --print "* | *" -vV "*) exec $TESTSELECT_RUN_OWN_WRAPPER "$@" ;;
esac
exec $TESTSELECT_RUN_OWN_WRAPPER "$@" -C instrument-coverage
