# shellcheck shell=bash
# A machine that ran the exporter from source, with a unit and a configuration of the operator's own: after the commands of
# docs/operations.md, the package enables its unit, and keeps the configuration but lets the service read it.
# shellcheck source=tests/packaging/inside.sh
source /task/inside.sh

printf '[Service]\nExecStart=/usr/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n' \
  >/etc/systemd/system/$unit.service
mkdir $etc
printf '# of the operator\nprimary:\n  dsn: host=/run/postgresql dbname=postgres\n' >$etc/exporter.yaml
chmod 0600 $etc/exporter.yaml
systemctl enable --now $unit 2>/dev/null

dpkg-deb --fsys-tarfile /task/packages/scidex-pg-exporter_*.deb |
  tar -xO ./usr/share/doc/$unit/docs/operations.md | sed -n '/cases\/from_source.sh/,/^```$/p' | sed '/^<!--/d; /^```/d' >/tmp/steps
[[ -s /tmp/steps ]] || fail "docs/operations.md has no steps"
bash -euo pipefail /tmp/steps 2>/dev/null
install_packages -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold /task/packages/scidex-pg-exporter_*.deb
equal "the configuration begins with" "$(head -n 1 $etc/exporter.yaml)" "# of the operator"
equal "exporter.yaml" "$(ownership $etc/exporter.yaml)" "root:$unit 640"
[[ -f $etc/exporter.yaml.dpkg-dist ]] || fail "the configuration of the package is not beside it"
equal "the unit of the package" "$(systemctl is-enabled $unit) $(systemctl is-active $unit)" "enabled active"
eventually "it serves" metric_is scidex_pg_pool_ro_routes_to 2
