# shellcheck shell=bash
# The next version: the service and an instance of the template unit are restarted, an edited file kept, a masked service and a
# stopped instance not changed; then removal, another installation, and purge.
# shellcheck source=tests/packaging/inside.sh
source /task/inside.sh

install_exporter
for instance in one:19201 two:19202 three:19203; do
  printf 'web:\n  listen_addresses: ["127.0.0.1:%s"]\nprimary:\n  dsn: host=/run/postgresql dbname=postgres\n' \
    "${instance#*:}" | replace_configuration "${instance%:*}.yaml"
  systemctl enable --now "$unit@${instance%:*}" 2>/dev/null
done
systemctl stop $unit@two
# What an installation leaves whose files could not be unpacked.
touch /run/scidex-pg-exporter.removed
instance() { systemctl show "$unit@one" --property=MainPID --value; }
pid=$(process) instance_pid=$(instance)
[[ $instance_pid != 0 ]] || fail "the instance does not run"
repack 99.1 "what the next version says"
install_packages /tmp/next-99.1.deb
equal "after the upgrade the service is" "$(systemctl is-active $unit)" active
[[ $(process) != "$pid" ]] || fail "the upgrade did not restart the service"
equal "after the upgrade the instance is" "$(systemctl is-active $unit@one)" active
[[ $(instance) != "$instance_pid" ]] || fail "the upgrade did not restart the instance"
refused "after the upgrade, an instance that was stopped" systemctl is-active --quiet $unit@two
grep -q "what the next version says" $etc/exporter.yaml || fail "an untouched file was not replaced"
equal "its owner and mode" "$(ownership $etc/exporter.yaml)" "root:$unit 640"

echo "# of the operator" >>$etc/exporter.yaml
systemctl mask --now $unit >/dev/null 2>&1
repack 99.2 "what the version after that says"
install_packages -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold /tmp/next-99.2.deb
grep -q "# of the operator" $etc/exporter.yaml || fail "an edited file was replaced"
grep -q "what the version after that says" $etc/exporter.yaml.dpkg-dist || fail "the new version of an edited file is not beside it"
note "an edited file is kept, the new one beside it"
refused "a masked service after an upgrade" systemctl is-active --quiet $unit
systemctl unmask $unit >/dev/null 2>&1
systemctl start $unit
equal "unmasked and started" "$(systemctl is-active $unit)" active

apt-get remove -qy $unit >/dev/null 2>&1
refused "after the removal, the service" systemctl is-active --quiet $unit
refused "after the removal, the instance" systemctl is-active --quiet $unit@one
[[ -f $etc/exporter.yaml ]] || fail "the removal took the configuration"

systemctl mask $unit@three >/dev/null 2>&1
install_packages /tmp/next-99.2.deb
equal "installed again, the service is" "$(systemctl is-active $unit)" active
for instance in one two; do
  equal "installed again, $instance is" "$(systemctl is-active "$unit@$instance")" active
done
refused "installed again, a masked instance" systemctl is-active --quiet $unit@three
systemctl unmask $unit@three >/dev/null 2>&1
systemctl stop $unit@two
install_packages --reinstall /tmp/next-99.2.deb
refused "after an upgrade that follows, an instance that was stopped" systemctl is-active --quiet $unit@two
echo secret >$etc/password
touch /tmp/before-purge
apt-get purge -qy $unit >/dev/null 2>&1
equal "after the purge there are left" \
  "$(find / -xdev \( -name 'scidex*pg*' -o -path '*scidex-pg-exporter*' \) -not -path '/tmp/*' -not -path '/proc/*' -not -path '/task/*' -not -path '/var/cache/*' | tr '\n' ' ')" ""
getent passwd $unit >/dev/null || fail "the purge took the user"
