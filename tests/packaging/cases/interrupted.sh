# shellcheck shell=bash
# An installation and an upgrade that end between unpacking and configuration, and a maintainer script that fails:
# dpkg --configure completes them.
# shellcheck source=tests/packaging/inside.sh
source /task/inside.sh

quietly() { "$@" >/tmp/dpkg.log 2>&1 || { cat /tmp/dpkg.log; fail "$*"; }; }

sysusers=$(readlink -f "$(command -v systemd-sysusers)")
printf '#!/bin/sh\nexit 1\n' | install -m 0755 /dev/stdin /tmp/failing
mount --bind /tmp/failing "$sysusers"
quietly dpkg --unpack /task/packages/scidex-pg-exporter_*.deb
refused "the configuration, if the user cannot be created" dpkg --configure $unit
umount "$sysusers"
quietly dpkg --configure --pending
equal "exporter.yaml" "$(ownership $etc/exporter.yaml)" "root:$unit 640"
equal "the service" "$(systemctl is-active $unit)" active

pid=$(process)
repack 99.1 "what the next version says"
quietly dpkg --unpack /tmp/next-99.1.deb
equal "while the next version is only unpacked, the process is" "$(process)" "$pid"
eventually "it serves" metric_is scidex_pg_pool_ro_routes_to 2
quietly dpkg --configure --pending
equal "the service" "$(systemctl is-active $unit)" active
[[ $(process) != "$pid" ]] || fail "the service was not restarted"
equal "exporter.yaml" "$(ownership $etc/exporter.yaml)" "root:$unit 640"
grep -q "what the next version says" $etc/exporter.yaml || fail "an untouched file was not replaced"
