# shellcheck shell=bash
# The drop-ins of README.Debian for addresses and memory, in a machine with its own kernel.
# shellcheck source=tests/packaging/inside.sh
source /task/inside.sh

# documented SETTING: the line of README.Debian that has it.
documented() {
  local line
  line=$(zcat -f /usr/share/doc/scidex-pg-exporter/README.Debian* | sed -n "s/^ *\($1=.*\)$/\1/p")
  [[ $line ]] || fail "README.Debian has no $1"
  echo "$line"
}
is_up() { metric_is "scidex_pg_pool_backend_up{pool=\"$1\"}" "$2"; }
# status_from ADDRESS: of a health check by a client at this address.
status_from() { curl -sS -o /dev/null --interface "$1" --max-time "${2:-60}" -w '%{http_code}' "$url/-/healthy"; }
cgroup=/sys/fs/cgroup/system.slice/$unit.service

start_postgres
install_exporter
make_role
sql "ALTER SYSTEM SET listen_addresses = '127.0.0.1, 127.0.0.2'"
sed -i '1i host all scidex-pg-exporter 127.0.0.0/8 trust' "$(sql 'SHOW hba_file')"
systemctl restart postgresql
eventually "PostgreSQL listens on the second address" pg_isready -q -h 127.0.0.2
{
  printf 'primary:\n  dsn: host=127.0.0.1 dbname=postgres user=scidex-pg-exporter\n'
  printf 'replica:\n  dsn: host=127.0.0.2 dbname=postgres user=scidex-pg-exporter\n'
} | replace_configuration exporter.yaml

restart_with 'Environment=NOTHING=1'
eventually "the servers of both addresses answer" is_up ro 1
equal "a client at the other address gets" "$(status_from 127.0.0.2)" 200

deny=$(documented IPAddressDeny)
documented IPAddressAllow >/dev/null
restart_with "$deny\nIPAddressAllow=127.0.0.1"
eventually "the server of the allowed address answers" is_up primary 1
falls_through() { is_up ro 0 && metric_is scidex_pg_pool_ro_routes_to 2; }
eventually "the other one is down, and reads fall through" falls_through
refused "a client at the other address" status_from 127.0.0.2 10
restart_with "$deny\nIPAddressAllow=localhost"
eventually "both are allowed as localhost" is_up ro 1

memory=$(documented MemoryMax)
restart_with "$memory\nMemorySwapMax=0"
equal "the limit of memory" "$(cat $cgroup/memory.max)" "$(numfmt --from=iec "${memory#*=}")"
eventually "within the limit the servers are probed" is_up primary 1
equal "processes killed for memory" "$(sed -n 's/^oom_kill //p' $cgroup/memory.events)" 0

drop_in $unit 'MemoryMax=2M\nMemorySwapMax=0\nRestart=no'
systemctl reset-failed $unit
refused "a start with too little memory" systemctl restart $unit
names_the_reason() { journalctl -u $unit --no-pager -o cat | grep -q "oom-kill"; }
eventually "the journal names the reason" names_the_reason
