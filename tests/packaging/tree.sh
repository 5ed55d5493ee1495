#!/usr/bin/env bash
# tree.sh SUITE FOLDER PACKAGE.deb…: makes in FOLDER a minimal Debian with systemd, PostgreSQL and the dependencies of the
# packages, so that these install there without a network. Does nothing if FOLDER is up to date. Needs root and mmdebstrap.
set -euo pipefail
(($# > 2)) || { sed -n '2,3s/^# //p' "$0" >&2; exit 2; }
suite=$1 folder=$2
shift 2

# The first of alternatives, without versions.
depends=$(for package; do dpkg-deb --field "$package" Depends; done | tr , '\n' | sed -E 's/\|.*//; s/\(.*//; s/ //g' | sort -u)
include=$(echo "systemd-sysv dbus udev postgresql curl man-db $depends" | tr -s ' \n' ,)
wanted="$suite ${include%,}"
if [[ $(cat "$folder.stamp" 2>/dev/null) == "$wanted" ]]; then exit 0; fi

rm -rf --one-file-system "$folder" "$folder.stamp"
mkdir -p "$(dirname "$folder")"
mmdebstrap --mode=root --variant=minbase --skip=check/empty --include="${include%,}" \
  --aptopt='APT::Install-Recommends "false"' --dpkgopt=force-unsafe-io \
  --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/doc/postgresql*' \
  "$suite" "$folder"
echo "$wanted" >"$folder.stamp"
