#!/bin/bash
# Fetches what the tests of `testselect run` need beside the packages of the machine, once, within a time bound.
#   install_runners.sh npm FOLDER     FOLDER/node_modules gets the versions locked in node/
#   install_runners.sh maven FOLDER   FOLDER gets maven/pom.xml, and FOLDER/repository what Maven needs to build it offline
# Exit status: 0 it is there, 77 (skipped) it cannot be had here, whose reason is the last line.
set -uo pipefail

readonly seconds=120
source=$(cd "$(dirname "$0")" && pwd)
kind=${1:?} folder=${2:?}

skip() {
  echo "skipped: $1"
  exit 77
}

# Says what is installed: FOLDER/installed is a copy of it, written when all is there.
locked() {
  case $kind in
    npm) cat "$source"/node/package.json "$source"/node/package-lock.json ;;
    maven) cat "$source"/maven/pom.xml ;;
    *) skip "no way to install for '$kind'" ;;
  esac
}

command -v "${kind/maven/mvn}" >/dev/null || skip "there is no ${kind/maven/mvn}"
if [ -e "$folder/installed" ] && cmp -s <(locked) "$folder/installed"; then exit 0; fi
rm -rf "$folder"
mkdir -p "$folder"
case $kind in
  npm)
    cp "$source"/node/package.json "$source"/node/package-lock.json "$folder"
    # Not `npm ci`: it refuses a lock file that leaves out builds for other systems.
    (cd "$folder" && timeout "$seconds" npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error) ||
      skip "npm could not install node/package.json"
    ;;
  maven)
    cp -r "$source"/maven/. "$folder"
    (cd "$folder" && timeout "$seconds" mvn -q -B "-Dmaven.repo.local=$folder/repository" test) ||
      skip "Maven could not fetch its plugins and JUnit"
    ;;
esac
locked >"$folder/installed"
