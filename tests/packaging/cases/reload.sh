# shellcheck shell=bash
# A changed configuration: systemctl reload waits until it is in force; an invalid one is rejected and changes nothing; a
# restart with an invalid one fails and logs why, and so does one with a file that the service cannot read. A file that all
# users can read is a warning, and so is a query that the built-in grammar does not know.
# shellcheck source=tests/packaging/inside.sh
source /task/inside.sh

start_postgres
install_exporter
make_role
pid=$(process)
size='scidex_pg_pool_max_size{pool="primary"}'
{ cat $etc/exporter.yaml; printf 'pools:\n  primary:\n    max_size: 7\n'; } | replace_configuration exporter.yaml
systemctl reload $unit
equal "max_size right after the reload" "$(metric "$size")" 7
equal "the process is the same" "$(process)" "$pid"

cp -p $etc/exporter.yaml /tmp/good.yaml
{ cat /tmp/good.yaml; echo 'no_such_key: 1'; } | replace_configuration exporter.yaml
refused "a reload with an error in the file" systemctl reload $unit
equal "the process is the same" "$(process)" "$pid"
equal "the configuration in force" "$(metric "$size")" 7
equal "the service" "$(systemctl is-active $unit)" active

refused "a restart with an error in the file" systemctl restart $unit
eventually "the journal names the key" bash -c "journalctl -u $unit -o cat | grep -q no_such_key"
eventually "after five tries the unit has failed" systemctl is-failed --quiet $unit
replace_configuration exporter.yaml </tmp/good.yaml
systemctl reset-failed $unit
systemctl restart $unit
equal "with the file corrected" "$(systemctl is-active $unit)" active

cat /tmp/good.yaml - <<'YAML' | replace_configuration exporter.yaml
queries:
  - name: newer
    sql: SELECT 1 AS one NEW CLAUSE
    values: [{ column: one, help: One. }]
YAML
systemctl reload $unit
systemctl restart $unit
equal "with a query of a newer grammar" "$(systemctl is-active $unit)" active
eventually "the journal names the query" bash -c "journalctl -u $unit -o cat | grep -q 'queries.0..sql'"
replace_configuration exporter.yaml </tmp/good.yaml

chmod 0644 $etc/exporter.yaml
systemctl restart $unit
eventually "if all users can read the file, the journal names the right mode" \
  bash -c "journalctl -u $unit -o cat | grep -q 'exporter.yaml.*chmod 0640'"
equal "the service" "$(systemctl is-active $unit)" active

chown root:root $etc/exporter.yaml
chmod 0600 $etc/exporter.yaml
systemctl reset-failed $unit
refused "a restart with a file that the service cannot read" systemctl restart $unit
eventually "the journal names the file and the reason" \
  bash -c "journalctl -u $unit -o cat | grep -q 'exporter.yaml.*Permission denied'"
