# shellcheck shell=bash
# The service's user exists before the installation, with another primary group and a home, and the operator has chosen the
# owner and mode of a file with dpkg-statoverride: the installation changes neither, and the service can read its files.
# shellcheck source=tests/packaging/inside.sh
source /task/inside.sh

useradd --system --uid 4321 --gid nogroup --no-user-group --home-dir /home/elsewhere $unit
before=$(getent passwd $unit)
dpkg-statoverride --add $unit root 0400 $etc/exporter.yaml
install_exporter
equal "the user" "$(getent passwd $unit)" "$before"
equal "exporter.yaml" "$(ownership $etc/exporter.yaml)" "$unit:root 400"
equal "web.yaml" "$(ownership $etc/web.yaml)" "root:$unit 640"
equal "the service" "$(systemctl is-active $unit)" active
eventually "it serves" metric_is scidex_pg_pool_ro_routes_to 2
