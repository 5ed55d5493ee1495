# shellcheck shell=bash
# From a minimal system to a scrape: installation, the role of README.Debian, peer authentication through the socket with
# all of the unit's sandboxing, the journal, and the ownership of files.
# shellcheck source=tests/packaging/inside.sh
source /task/inside.sh

start_postgres
# An environment variable shortens the hour between two snapshots of the pools.
drop_in "$unit" 'Environment=SCIDEX_PG_POOL_LOG_INTERVAL=1'
install_packages /task/packages/scidex-pg-exporter_*.deb /task/packages/scidex-pg-exporter-data_*.deb
# An older client library lacks functions that the program calls, so apt must not accept it.
[[ $(dpkg-query -W -f '${Depends}' $unit) =~ libpq5\ \(\>=\ ([0-9]+) ]] || fail "the package depends on no version of libpq5"
((BASH_REMATCH[1] >= 14)) || fail "the package depends on libpq5 ${BASH_REMATCH[1]}"
equal "after the installation the service is" "$(systemctl is-active $unit)" active
eventually "without its role it says that it may not log in" \
  metric_is 'scidex_pg_pool_backend_up{pool="primary"}' 0

make_role
eventually "with its role, the primary is up by peer authentication" \
  metric_is 'scidex_pg_pool_backend_up{pool="primary"}' 1
equal "reads go to" "$(metric scidex_pg_pool_ro_routes_to)" 2
equal "sessions are of the role" \
  "$(sql "SELECT DISTINCT usename FROM pg_stat_activity WHERE application_name = 'scidex_pg_exporter'")" $unit
eventually "ready, with the route" curl -fsS "$url/-/ready?route=primary_fallthrough"
scidex_pg_exporter --config.file=$etc/exporter.yaml --probe.ready
refused "a probe for another route" scidex_pg_exporter --config.file=$etc/exporter.yaml --probe.ready=replica
eventually "systemctl status has the route" grep -q primary_fallthrough <(property StatusText)
eventually "a snapshot of the pools in the journal" \
  bash -c "journalctl -u $unit -o cat | grep -q 'pool=ro_fallthrough'"
[[ $(metric process_max_fds) -gt 0 ]] || fail "process_max_fds is '$(metric process_max_fds)'"

for file in exporter.yaml web.yaml; do
  equal "$file" "$(ownership $etc/$file)" "root:$unit 640"
done
equal "the user's shell" "$(getent passwd $unit | cut -d: -f7)" /usr/sbin/nologin
systemd-analyze verify --man=no $unit.service $unit@x.service
for name in $unit "$unit@x"; do
  exposure=$(systemd-analyze security --no-pager "$name" | sed -nE 's/.*Overall exposure level.*: ([0-9.]+).*/\1/p')
  note "exposure of $name: $exposure"
  awk -v exposure="$exposure" 'BEGIN { exit !(exposure != "" && exposure <= 1.2) }' || fail "exposure $exposure"
done

# The runbook_url of each rule is an existing file.
while read -r runbook; do
  [[ -f $runbook ]] || fail "there is no $runbook"
done < <(sed -n 's/^ *runbook_url: //p' /usr/share/scidex-pg-exporter/alerts/*.yml | sort -u)
path=$(sed -n 's/^ *path: //p' /usr/share/scidex-pg-exporter/dashboards/provisioning/*.yaml)
[[ -n $(find "$path" -name '*.json') ]] || fail "no dashboards in $path"
note "runbooks and dashboards are where rules and provisioning look for them"

# Links between installed documents work.
links=0
while IFS=: read -r file link; do
  (cd "${file%/*}" && [[ -e $link ]]) || fail "$file links to $link, which is not installed"
  links=$((links + 1))
done < <(grep -roE --include='*.md' '\]\([^)#: ]+[)#]' /usr/share/doc/$unit /usr/share/$unit |
  sed -E 's/:\]\(/:/; s/.$//')
((links > 50)) || fail "only $links links are in the installed documents"
note "$links links between the installed documents work"
