#!/usr/bin/env bash
# boot.sh TREE FOLDER COMMAND…: boots the Debian tree TREE with its own systemd as process 1, in a container without a
# network, and discards its changes afterwards; runs COMMAND there, where FOLDER is /task; prints its output and exits with
# its status. Needs root and systemd-container. SCIDEX_BOOT_SECONDS is the timeout of a hung container.
set -euo pipefail
(($# > 2)) || { sed -n '2,4s/^# //p' "$0" >&2; exit 2; }
own_mounts=$(dirname "$(readlink -f "$0")")/own_mounts
tree=$(readlink -f "$1") folder=$(readlink -f "$2")
name=scidex-test-$$ work=$(mktemp -d)
export tree folder name work
trap 'rm -rf --one-file-system "$work"' EXIT

printf '#!/bin/bash\nexec %s >/launch/output 2>&1 </dev/null\n' "$(printf '%q ' "${@:3}")" >"$work/command"
chmod 755 "$work/command"
: >"$work/output"
status=0
# shellcheck disable=SC2016 # expanded there
timeout --foreground --kill-after=10 "${SCIDEX_BOOT_SECONDS:-600}" "$own_mounts" bash -euc '
  mkdir "/sys/fs/cgroup/$name"
  echo $$ >"/sys/fs/cgroup/$name/cgroup.procs"
  exec systemd-nspawn --quiet --boot --directory="$tree" --volatile=overlay --machine="$name" --register=no --keep-unit \
    --private-network --link-journal=no --console=pipe --bind-ro="$folder:/task" --bind="$work:/launch" \
    systemd.run=/launch/command systemd.run_success_action=exit systemd.run_failure_action=exit systemd.show_status=0
' </dev/null >"$work/console" 2>&1 || status=$?

cat "$work/output"
if ((status != 0)) && [[ ! -s $work/output || $status == 124 || $status == 137 ]]; then
  echo "boot.sh: the container ended with $status; its console:" >&2
  tail -n 40 "$work/console" >&2
fi
for cgroup in /sys/fs/cgroup /sys/fs/cgroup/unified; do
  [[ ! -d $cgroup/$name ]] || find "$cgroup/$name" -depth -type d -exec rmdir {} + 2>/dev/null || true
done
exit "$status"
