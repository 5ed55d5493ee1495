# shellcheck shell=bash
# Two instances of the template unit at the same time; and a port that is in use during installation, which fails the unit
# but not the package, and which a drop-in has the unit wait for.
# shellcheck source=tests/packaging/inside.sh
source /task/inside.sh

listen_on_the_port() { perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(LocalPort => 19187, Listen => 5, ReuseAddr => 1) or die; sleep 3600' & }

listen_on_the_port
listener=$!
eventually "the port is taken" bash -c '</dev/tcp/127.0.0.1/19187'
install_exporter
eventually "with the port in use the unit fails" systemctl is-failed --quiet $unit
equal "the package is" "$(dpkg-query -W -f '${db:Status-Status}' $unit)" installed
eventually "the journal names the address" bash -c "journalctl -u $unit -o cat | grep -q 19187"
mkdir -p "/etc/systemd/system/$unit.service.d"
printf '[Unit]\nStartLimitIntervalSec=0\n' >"/etc/systemd/system/$unit.service.d/retry.conf"
systemctl daemon-reload
systemctl reset-failed $unit
refused "with the drop-in for retries, the first start" systemctl restart $unit
many_starts() { [[ $(property NRestarts) -gt 5 ]]; }
eventually "it is started more often than five times" many_starts
kill $listener
eventually "once the port is free, it runs" systemctl is-active --quiet $unit

start_postgres
make_role
for instance in one:19201 two:19202; do
  printf 'web:\n  listen_addresses: ["127.0.0.1:%s"]\nprimary:\n  dsn: host=/run/postgresql dbname=postgres user=scidex-pg-exporter\n' \
    "${instance#*:}" | replace_configuration "${instance%:*}.yaml"
  systemctl enable --now "$unit@${instance%:*}" 2>/dev/null
done
for instance in one:19201 two:19202; do
  eventually "${instance%:*} serves its own port" \
    metric_is 'scidex_pg_pool_backend_up{pool="primary"}' 1 "http://127.0.0.1:${instance#*:}"
done
systemctl stop "$unit@one"
eventually "two continues without one" curl -fsS http://127.0.0.1:19202/-/healthy
refused "one, once stopped" curl -fsS http://127.0.0.1:19201/-/healthy
