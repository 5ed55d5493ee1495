# shellcheck shell=bash
# A password in a file can be rotated without a reload; one in a systemd credential needs a restart.
# shellcheck source=tests/packaging/inside.sh
source /task/inside.sh

start_postgres
install_exporter
make_role
up='scidex_pg_pool_backend_up{pool="primary"}'

# set_password PASSWORD: changes the role's password and terminates its sessions, so that new ones must log in with it.
set_password() {
  sql "ALTER ROLE \"scidex-pg-exporter\" PASSWORD '$1'"
  sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'scidex-pg-exporter'" >/dev/null
}

configure() {
  printf 'primary:\n  dsn: host=127.0.0.1 dbname=postgres user=scidex-pg-exporter\n  password_file: %s\n' "$1" |
    replace_configuration exporter.yaml
}

set_password first
printf first | replace_configuration password
configure $etc/password
systemctl restart $unit
eventually "logged in with the password of the file" metric_is "$up" 1
pid=$(process)
set_password second
eventually "the old password is refused" metric_is "$up" 0
printf second | replace_configuration password
eventually "the new one is used without a reload" metric_is "$up" 1
equal "the process is the same" "$(process)" "$pid"

printf second | install -D -m 0600 /dev/stdin /etc/credstore/scidex-pg-exporter
drop_in $unit 'LoadCredential=password:/etc/credstore/scidex-pg-exporter'
configure /run/credentials/scidex-pg-exporter.service/password
systemctl restart $unit
eventually "logged in with the credential" metric_is "$up" 1
set_password third
eventually "the old credential is refused" metric_is "$up" 0
printf third >/etc/credstore/scidex-pg-exporter
systemctl restart $unit
eventually "after a restart the new one is used" metric_is "$up" 1
