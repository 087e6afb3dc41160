#!/bin/sh
# Writes every want.txt again from what the parsers make of the inputs. usage: update_golden.sh BUILD_DIR
set -eu
here=$(cd "$(dirname "$0")" && pwd)
TESTSELECT_SOURCE_DIR=$(dirname "$(dirname "$here")") TESTSELECT_UPDATE_GOLDEN=1 \
  "${1:?usage: update_golden.sh BUILD_DIR}/bin/ingest_golden_test"
