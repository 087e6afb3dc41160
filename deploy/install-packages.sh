#!/bin/bash
# Installs the Debian packages of the named sections of deploy/packages.txt, those alone that are missing.
#   deploy/install-packages.sh SECTION...          e.g. deploy/install-packages.sh build test
#   deploy/install-packages.sh --list SECTION...   prints the packages, one a line, and installs nothing
#   deploy/install-packages.sh --unpack FOLDER SECTION...   unpacks them below FOLDER, without what they depend on: for a
#                                                  tool of a package whose daemon shall not start
# Needs root or sudo only where something is missing; touches no network where nothing is. With
# TESTSELECT_SKIP_PACKAGES=1 it installs nothing: for systems that are not Debian 12 and have the equivalents.
# Exit status: 0 everything is there, 1 something could not be installed, 2 wrong usage.
set -euo pipefail

list=$(dirname "$0")/packages.txt

die() {
  printf 'install-packages.sh: %s\n' "$2" >&2
  exit "$1"
}

# Prints the packages of one section.
section() {
  grep -qxF "[$1]" "$list" ||
    die 2 "no section '$1' in deploy/packages.txt; there are: $(sed -n 's/^\[\(.*\)\]$/\1/p' "$list" | xargs)"
  awk -v want="[$1]" '/^\[/ { on = ($0 == want); next } { sub(/#.*/, "") } on && NF { print $1 }' "$list"
}

only_list=
folder=
if [ "${1:-}" = --list ]; then only_list=1; shift; fi
if [ "${1:-}" = --unpack ]; then folder=${2:-}; shift; [ -z "$folder" ] || shift; fi
[ $# -gt 0 ] || die 2 "usage: deploy/install-packages.sh [--list | --unpack FOLDER] SECTION..."
wanted=()
for name in "$@"; do
  packages=$(section "$name")
  mapfile -t -O "${#wanted[@]}" wanted <<<"$packages"
done
mapfile -t wanted < <(printf '%s\n' "${wanted[@]}" | sort -u)

if [ -n "$only_list" ]; then
  printf '%s\n' "${wanted[@]}"
  exit 0
fi
[ "${TESTSELECT_SKIP_PACKAGES:-}" != 1 ] || exit 0
if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  die 1 "this system has no apt-get: install the equivalents of ${wanted[*]} and set TESTSELECT_SKIP_PACKAGES=1"
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo); fi
# Another apt may be at work on a machine that has just started: wait for it rather than fail.
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300)

# Downloading needs no root, but where the lists of packages are missing or old they are fetched first.
unpack() {
  local package=$1 work
  [ ! -e "$folder/.unpacked-$package" ] || return 0
  printf 'Unpacking Debian package: %s\n' "$package" >&2
  mkdir -p "$folder"
  work=$(mktemp -d "$folder/download.XXXXXX")
  # shellcheck disable=SC2064
  trap "rm -rf '$work'" EXIT
  (cd "$work" && { apt-get -q download "$package" ||
    { "${apt[@]}" update && apt-get -q download "$package"; }; }) >"$work/log" 2>&1 </dev/null ||
    { tail -n 5 "$work/log" >&2; die 1 "apt-get could not download $package (its last lines are above)"; }
  dpkg-deb -x "$work"/*.deb "$folder" || die 1 "$package could not be unpacked"
  touch "$folder/.unpacked-$package"
  rm -rf "$work"
}

if [ -n "$folder" ]; then
  for package in "${wanted[@]}"; do unpack "$package"; done
  exit 0
fi

# dpkg-query answers for the packages it knows and fails for those it does not: both are expected here.
installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null || true)
missing=()
# Tools that often come from elsewhere: npm of Node's own packages even refuses Debian's beside it.
declare -A command_of=([npm]=npm [nodejs]=node [golang-go]=go [node-typescript]=tsc)
for package in "${wanted[@]}"; do
  grep -qxF "installed $package" <<<"$installed" && continue
  tool=${command_of[$package]:-}
  [ -z "$tool" ] || ! command -v "$tool" >/dev/null || continue
  missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
  die 1 "not root and no sudo; ask an administrator for: apt-get install --no-install-recommends ${missing[*]}"
fi
printf 'Installing %d Debian packages: %s\n' ${#missing[@]} "${missing[*]}" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { "${apt[@]}" update && "${apt[@]}" install --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 </dev/null; then
  tail -n 30 "$log" >&2
  die 1 "apt-get could not install: ${missing[*]} (its last lines are above)"
fi
