#!/usr/bin/env bash
# Installs Debian packages, as root. Only the programs of server packages are needed: no service is started or enabled, and no
# database cluster is created. ./dev runs it, and you can run it directly.
set -euo pipefail
((EUID == 0)) || { echo "install_packages.sh: must run as root" >&2; exit 1; }
(($# > 0)) || { echo "usage: install_packages.sh PACKAGE…" >&2; exit 2; }

no_start=/usr/sbin/policy-rc.d
no_cluster=/etc/postgresql-common/createcluster.d/scidex-dev.conf
undo=()
trap '((${#undo[@]} == 0)) || rm -f "${undo[@]}"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

is_installed() { [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

services=()
for package; do
  case $package in
    postgresql | pgbouncer | pgpool2 | prometheus | prometheus-alertmanager)
      is_installed "$package" || services+=("$package")
      ;;
  esac
done
if ((${#services[@]} > 0)) && [[ ! -e $no_start ]]; then
  undo+=("$no_start")
  printf '#!/bin/sh\nexit 101\n' >"$no_start"
  chmod 755 "$no_start"
fi
if [[ " ${services[*]} " == *" postgresql "* && ! -e $no_cluster ]]; then
  undo+=("$no_cluster")
  mkdir -p "${no_cluster%/*}"
  echo "create_main_cluster = false" >"$no_cluster"
fi

export DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l
apt_get() { apt-get -q -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@"; }
apt_get update
apt_get install -y --no-install-recommends "$@"

for service in "${services[@]}"; do
  update-rc.d "$service" disable
done
((${#services[@]} == 0)) ||
  echo "note: these services are neither started nor enabled: ${services[*]} (to do both: systemctl enable --now NAME)"
