# shellcheck shell=bash
# Functions for the cases: each sources this file, inside the container that boot.sh has booted. FOLDER/packages has the
# packages.
set -Eeuo pipefail
export LC_ALL=C.UTF-8 SYSTEMD_PAGER=cat SYSTEMD_COLORS=0 DEBIAN_FRONTEND=noninteractive HOME=/root
cd /

readonly unit=scidex-pg-exporter
readonly etc=/etc/scidex-pg-exporter
readonly url=http://127.0.0.1:19187

trap 'echo "FAILED at line $LINENO: $BASH_COMMAND"; journalctl -u "$unit*" --no-pager -o cat -n 30' ERR

note() { echo "- $*"; }
fail() {
  echo "FAILED: $*"
  journalctl -u "$unit*" --no-pager -o cat -n 30
  exit 1
}

# eventually WHAT COMMAND…: repeats COMMAND until it succeeds.
eventually() {
  local what=$1 deadline=$((SECONDS + 300))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < deadline)) || fail "$what did not happen within five minutes"
    sleep 0.1
  done
  note "$what"
}

# equal WHAT GOT WANTED
equal() {
  [[ $2 == "$3" ]] || fail "$1: got '$2', wanted '$3'"
  note "$1: $2"
}

refused() {
  local what=$1
  shift
  ! "$@" || fail "$what succeeded"
  note "$what fails"
}

install_packages() { apt-get install -qy -o Dpkg::Use-Pty=0 -o APT::Sandbox::User=root "$@" >/tmp/apt.log 2>&1 || { cat /tmp/apt.log; fail "apt-get install $*"; }; }
ownership() { stat -c '%U:%G %a' "$@"; }
install_exporter() { install_packages /task/packages/scidex-pg-exporter_*.deb; }

# repack VERSION COMMENT: builds /tmp/next-VERSION.deb, a later version of the package with another exporter.yaml.
repack() {
  rm -rf /tmp/next
  dpkg-deb -R /task/packages/scidex-pg-exporter_*.deb /tmp/next
  sed -i "s/^Version: .*/Version: $1/" /tmp/next/DEBIAN/control
  echo "# $2" >>/tmp/next/etc/scidex-pg-exporter/exporter.yaml
  dpkg-deb -b --root-owner-group /tmp/next "/tmp/next-$1.deb" >/dev/null
}

property() { systemctl show "$unit" --property="$1" --value; }
process() { property MainPID; }

# drop_in UNIT TEXT: settings that take effect once systemd has read them.
drop_in() {
  mkdir -p "/etc/systemd/system/$1.service.d"
  printf '[Service]\n%b\n' "$2" >"/etc/systemd/system/$1.service.d/test.conf"
  systemctl daemon-reload
}

# restart_with TEXT: restarts the service with these settings. It may have been started so often that it reached systemd's limit.
restart_with() {
  drop_in "$unit" "$1"
  systemctl reset-failed "$unit"
  systemctl restart "$unit"
}

metric() { curl -sS "${2:-$url}/metrics" | sed -n "s/^$1 //p"; }
metric_is() { [[ $(metric "$1" "${3:-$url}") == "$2" ]]; }

start_postgres() {
  systemctl start postgresql
  eventually "PostgreSQL answers" pg_isready -q -h /run/postgresql
}
# sql TEXT: runs it as a superuser.
sql() { runuser -u postgres -- psql -XqAt -v ON_ERROR_STOP=1 -c "$1"; }

# Creates the role with the SQL of README.Debian.
make_role() {
  zcat -f /usr/share/doc/scidex-pg-exporter/README.Debian* | sed -n '/-- BEGIN SQL/,/-- END SQL/p' >/tmp/role.sql
  [[ -s /tmp/role.sql ]] || fail "README.Debian has no SQL"
  sql "$(cat /tmp/role.sql)"
}

# replace_configuration NAME: replaces the file with standard input, atomically.
replace_configuration() {
  install -m 0640 -o root -g scidex-pg-exporter /dev/stdin "$etc/new"
  mv "$etc/new" "$etc/$1"
}
