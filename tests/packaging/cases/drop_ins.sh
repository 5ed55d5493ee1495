# shellcheck shell=bash
# What the unit's sandbox hides, and the drop-ins of README.Debian that make it accessible: each is necessary and
# sufficient.
# shellcheck source=tests/packaging/inside.sh
source /task/inside.sh

start_postgres
install_exporter
make_role
up='scidex_pg_pool_backend_up{pool="primary"}'

# restart_on DSN DROP_IN
restart_on() {
  printf 'primary:\n  dsn: %s\n' "$1" | replace_configuration exporter.yaml
  restart_with "$2"
}

# given_back WHAT DSN DROP_IN: the server is down without the drop-in, and up with it.
given_back() {
  restart_on "$2" 'Environment=NOTHING=1'
  probed() { [[ $(metric 'scidex_pg_pool_probes_total{pool="primary"}') -gt 1 ]] && metric_is "$up" 0; }
  eventually "$1 is hidden" probed
  restart_on "$2" "$3"
  eventually "with the drop-in the server is up" metric_is "$up" 1
}

sql "ALTER ROLE \"scidex-pg-exporter\" PASSWORD 'first'"
printf '127.0.0.1:*:*:scidex-pg-exporter:first\n' | install -m 0400 -o scidex-pg-exporter /dev/stdin $etc/pgpass
given_back "a password file" "host=127.0.0.1 dbname=postgres user=scidex-pg-exporter" \
  "Environment=PGPASSFILE=$etc/pgpass"

# PostgreSQL accepts the role over TCP only with a certificate of this authority that names the role.
tls=/tmp/tls
mkdir -m 0700 $tls
openssl_quietly() { openssl "$@" >/tmp/openssl.log 2>&1 || { cat /tmp/openssl.log; fail "openssl $1"; }; }
# issue NAME SUBJECT: makes NAME.key and NAME.crt in $tls.
issue() {
  openssl_quietly req -new -newkey rsa:2048 -nodes -subj "/CN=$2" -keyout "$tls/$1.key" -out "$tls/$1.csr"
  openssl_quietly x509 -req -in "$tls/$1.csr" -CA $tls/ca.crt -CAkey $tls/ca.key -CAcreateserial -days 2 -out "$tls/$1.crt"
}
openssl_quietly req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout $tls/ca.key -out $tls/ca.crt
issue server localhost
issue client scidex-pg-exporter
install -m 0640 -g scidex-pg-exporter $tls/ca.crt $tls/client.crt $tls/client.key $etc
data=$(sql 'SHOW data_directory')
install -m 0600 -o postgres -g postgres $tls/ca.crt $tls/server.crt $tls/server.key "$data"
for setting in "ssl_ca_file = '$data/ca.crt'" "ssl_cert_file = '$data/server.crt'" "ssl_key_file = '$data/server.key'" "ssl = on"; do
  sql "ALTER SYSTEM SET $setting"
done
sed -i '1i hostssl all scidex-pg-exporter 127.0.0.1/32 cert' "$(sql 'SHOW hba_file')"
systemctl restart postgresql
has_authority() { [[ $(sql 'SHOW ssl_ca_file') == "$data/ca.crt" ]]; }
eventually "PostgreSQL has the authority" has_authority
equal "errors in pg_hba.conf" "$(sql 'SELECT count(*) FROM pg_hba_file_rules WHERE error IS NOT NULL')" 0
given_back "a client certificate" "host=127.0.0.1 dbname=postgres user=scidex-pg-exporter sslmode=verify-ca" \
  "Environment=PGSSLCERT=$etc/client.crt PGSSLKEY=$etc/client.key PGSSLROOTCERT=$etc/ca.crt"
equal "sessions have the certificate" \
  "$(sql "SELECT DISTINCT client_dn FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'scidex-pg-exporter'")" \
  /CN=scidex-pg-exporter

sql "ALTER SYSTEM SET unix_socket_directories = '/run/postgresql', '/tmp'"
systemctl restart postgresql
eventually "PostgreSQL has a socket in /tmp" pg_isready -q -h /tmp
given_back "a socket in /tmp" "host=/tmp dbname=postgres user=scidex-pg-exporter" \
  'PrivateTmp=no'
systemctl stop postgresql
systemctl restart $unit
eventually "without a socket the service starts" metric_is "$up" 0
systemctl start postgresql
eventually "the socket of a later start of PostgreSQL is used" metric_is "$up" 1

given_back "who the peer is" "host=/run/postgresql dbname=postgres user=scidex-pg-exporter requirepeer=postgres" \
  'PrivateUsers=no'

install -d -o scidex-pg-exporter /var/lib/textfiles
{
  printf 'primary:\n  dsn: host=/run/postgresql dbname=postgres user=scidex-pg-exporter\n'
  printf 'textfile:\n  path: /var/lib/textfiles/pools.prom\n  interval: 1s\n'
} | replace_configuration exporter.yaml
restart_with 'ReadWritePaths=/var/lib/textfiles'
eventually "the file for node_exporter is written" grep -q ro_routes_to /var/lib/textfiles/pools.prom
