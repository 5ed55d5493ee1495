#!/usr/bin/env bash
# build.sh SUITE SOURCES OUT: builds the packages of the Debian sources in SOURCES on a minimal Debian SUITE, and writes them
# to the folder OUT. Needs root, mmdebstrap and a network. SCIDEX_REVISION is passed on.
set -euo pipefail
(($# == 3)) || { sed -n '2,3s/^# //p' "$0" >&2; exit 2; }
suite=$1 sources=$(readlink -f "$2")
rm -rf "$3"
mkdir -p "$3"
out=$(readlink -f "$3")

# Without versions.
depends=$(sed -nE '/^Build-Depends:/,/^[^ ]/s/^(Build-Depends:| )//p' "$sources/debian/control" |
  sed -E 's/\([^)]*\)//g; s/ //g' | tr -d '\n')
build="set -eu
  export LC_ALL=C.UTF-8 TZ=UTC SCIDEX_REVISION=${SCIDEX_REVISION:-unknown}
  cd /build/${sources##*/}
  dpkg-buildpackage --build=binary --no-sign -j$(nproc)
  mkdir /packages
  mv /build/*.deb /packages"
export build
# shellcheck disable=SC2016 # expanded by mmdebstrap
mmdebstrap --mode=root --variant=buildd --include="$depends" \
  --aptopt='APT::Install-Recommends "false"' --dpkgopt=force-unsafe-io \
  --customize-hook='mkdir "$1/build"' --customize-hook="copy-in $sources /build" \
  --customize-hook='chroot "$1" sh -c "$build"' --customize-hook="sync-out /packages $out" \
  "$suite" /dev/null
