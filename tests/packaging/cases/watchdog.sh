# shellcheck shell=bash
# A process that makes no progress is killed and restarted.
# shellcheck source=tests/packaging/inside.sh
source /task/inside.sh

drop_in "$unit" 'WatchdogSec=5s'
install_exporter
pid=$(process)
equal "restarts" "$(property NRestarts)" 0
kill -STOP "$pid"
another_process() { [[ $(process) != 0 && $(process) != "$pid" && $(systemctl is-active $unit) == active ]]; }
eventually "another process serves" another_process
eventually "the journal names the watchdog" bash -c "journalctl -u $unit -o cat | grep -qi watchdog"
eventually "it answers" curl -fsS "$url/-/healthy"
