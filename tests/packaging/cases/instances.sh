# shellcheck shell=bash
# Two instances of the template unit at the same time, as the README describes them, behind a login; and a port that is in use
# during installation, which fails the unit but not the package, and which a drop-in has the unit wait for.
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
zcat -f /usr/share/doc/scidex-pg-exporter/README.Debian* |
  sed -n '/# .*\/shop\.yaml/,/systemctl enable/{s/^    //;/systemctl enable/!p}' >/tmp/shop.yaml
grep -q 'dbname=shop' /tmp/shop.yaml || fail "README.Debian has no instance"
# The user alice with the password "right".
# shellcheck disable=SC2016 # a hash
echo 'basic_auth_users: {alice: "$2y$04$exRnqWuxTk7hQ5ttZuRdauQNNMWL5rO2ES6VjQQUCy6iZpNbD/PgC"}' >>$etc/web.yaml
for instance in one:19201 two:19202; do
  sed -e "s/:19188/127.0.0.1:${instance#*:}/" -e s/dbname=shop/dbname=postgres/ /tmp/shop.yaml |
    replace_configuration "${instance%:*}.yaml"
  systemctl enable --now "$unit@${instance%:*}" 2>/dev/null
done
for instance in one:19201 two:19202; do
  eventually "${instance%:*} serves its own port" \
    metric_is 'scidex_pg_pool_backend_up{pool="primary"}' 1 "http://alice:right@127.0.0.1:${instance#*:}"
  equal "without the login, ${instance%:*} answers" \
    "$(curl -sS -o /dev/null -w '%{http_code}' "http://127.0.0.1:${instance#*:}/metrics")" 401
done
systemctl stop "$unit@one"
eventually "two continues without one" curl -fsS http://127.0.0.1:19202/-/healthy
refused "one, once stopped" curl -fsS http://127.0.0.1:19201/-/healthy
