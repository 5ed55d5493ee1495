# shellcheck shell=bash
# A system whose process 1 is not systemd, such as an application container: the package installs, the program runs as the
# service's user, and the package can be purged.
# shellcheck source=tests/packaging/inside.sh
source /task/inside.sh

# without_systemd COMMAND…: hides the folder by which maintainer scripts find a running systemd.
without_systemd() {
  # shellcheck disable=SC2016 # expanded there
  unshare --mount bash -euc 'mount -t tmpfs tmpfs /run/systemd; exec "$@"' bash "$@" >/tmp/apt.log 2>&1 ||
    { cat /tmp/apt.log; fail "$*"; }
}

without_systemd apt-get install -qy -o Dpkg::Use-Pty=0 -o APT::Sandbox::User=root /task/packages/scidex-pg-exporter_*.deb
equal "the package is" "$(dpkg-query -W -f '${db:Status-Status}' $unit)" installed
equal "exporter.yaml" "$(ownership $etc/exporter.yaml)" "root:$unit 640"
refused "the service, which only systemd starts," systemctl is-active --quiet $unit

setpriv --reuid=$unit --regid=$unit --clear-groups scidex_pg_exporter --config.file=$etc/exporter.yaml >/tmp/exporter.log 2>&1 &
exporter=$!
eventually "the program serves" metric_is scidex_pg_pool_ro_routes_to 2
kill $exporter
wait $exporter || fail "the program: $(cat /tmp/exporter.log)"
without_systemd apt-get purge -qy $unit
[[ ! -e $etc ]] || fail "the purge left $etc"
