# shellcheck shell=bash
# What the unit's sandbox hides, and the drop-ins of README.Debian that make it accessible: each is necessary and
# sufficient.
# shellcheck source=tests/packaging/inside.sh
source /task/inside.sh

start_postgres
install_exporter
make_role
up='scidex_pg_pool_backend_up{pool="primary"}'

# restart_with DSN DROP_IN
restart_with() {
  printf 'primary:\n  dsn: %s\n' "$1" | replace_configuration exporter.yaml
  drop_in $unit "$2"
  # This case starts the unit so often that it reaches the limit of systemd.
  systemctl reset-failed $unit
  systemctl restart $unit
}

# given_back WHAT DSN DROP_IN: the server is down without the drop-in, and up with it.
given_back() {
  restart_with "$2" 'Environment=NOTHING=1'
  probed() { [[ $(metric 'scidex_pg_pool_probes_total{pool="primary"}') -gt 1 ]] && metric_is "$up" 0; }
  eventually "$1 is hidden" probed
  restart_with "$2" "$3"
  eventually "with the drop-in the server is up" metric_is "$up" 1
}

sql "ALTER ROLE \"scidex-pg-exporter\" PASSWORD 'first'"
printf '127.0.0.1:*:*:scidex-pg-exporter:first\n' | install -m 0400 -o scidex-pg-exporter /dev/stdin $etc/pgpass
given_back "a password file" "host=127.0.0.1 dbname=postgres user=scidex-pg-exporter" \
  "Environment=PGPASSFILE=$etc/pgpass"

sql "ALTER SYSTEM SET unix_socket_directories = '/run/postgresql', '/tmp'"
systemctl restart postgresql
eventually "PostgreSQL has a socket in /tmp" pg_isready -q -h /tmp
given_back "a socket in /tmp" "host=/tmp dbname=postgres user=scidex-pg-exporter" \
  'BindReadOnlyPaths=/tmp/.s.PGSQL.5432'

given_back "who the peer is" "host=/run/postgresql dbname=postgres user=scidex-pg-exporter requirepeer=postgres" \
  'PrivateUsers=no'

install -d -o scidex-pg-exporter /var/lib/textfiles
{
  printf 'primary:\n  dsn: host=/run/postgresql dbname=postgres user=scidex-pg-exporter\n'
  printf 'textfile:\n  path: /var/lib/textfiles/pools.prom\n  interval: 1s\n'
} | replace_configuration exporter.yaml
drop_in $unit 'ReadWritePaths=/var/lib/textfiles'
systemctl reset-failed $unit
systemctl restart $unit
eventually "the file for node_exporter is written" grep -q ro_routes_to /var/lib/textfiles/pools.prom
