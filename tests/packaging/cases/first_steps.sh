# shellcheck shell=bash
# The first section of the README, typed as a reader types it.
# shellcheck source=tests/packaging/inside.sh
source /task/inside.sh

start_postgres
cp -r /task/packages /tmp/packages
cd /tmp/packages
install_packages ./scidex-pg-exporter_*.deb
sed -n '/<!-- install:begin -->/,/<!-- install:end -->/p' /usr/share/doc/scidex-pg-exporter/README.md |
  sed -e '/^<!--/d' -e '/^```/d' >/tmp/steps
[[ -s /tmp/steps ]] || fail "the README has no steps"
dpkg --purge scidex-pg-exporter >/dev/null 2>&1
bash -euo pipefail /tmp/steps
equal "the last step: the replica is" "$(metric scidex_pg_pool_ro_dsn_configured)" 1
equal "owner and mode of the password" "$(ownership $etc/password)" "root:$unit 640"
equal "the role has a password" \
  "$(sql "SELECT rolpassword IS NOT NULL FROM pg_authid WHERE rolname = '$unit'")" t
rules=$(sed -n 's/^rule_files: \[\(.*\)\]$/\1/p' /usr/share/doc/scidex-pg-exporter/README.md)
[[ -s $rules ]] || fail "the rules that the README names are not a file: $rules"
