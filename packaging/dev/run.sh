# shellcheck shell=bash
# ./dev run. Sourced by ./dev.

# run_exporter DIRECTORY [--once] [FLAG…]: runs the exporter in that directory, to which paths in its flags may be relative.
run_exporter() {
  local directory=$1 exporter=$PWD/build/release/bin/scidex_pg_exporter demo=1 once="" argument
  shift
  if [[ ${1:-} == --once ]]; then
    shift
    once=1
    unset "${!SCIDEX_PG_@}"
  fi
  [[ -z ${SCIDEX_PG_DSN:-}${SCIDEX_PG_RO_DSN:-} ]] || demo=
  for argument; do
    # These flags do not need a server.
    case $argument in -h | --help | --version | --config.check) demo= ;; esac
  done
  need_packages build ${demo:+run}
  build_exporter release
  if [[ $demo ]]; then
    # shellcheck source=packaging/dev/demo_servers.sh
    source packaging/dev/demo_servers.sh
    start_demo_servers
    [[ $once ]] || say_what_next "$@"
  fi
  cd "$directory" || die "cannot enter $directory"
  [[ $demo ]] || exec "$exporter" "$@"
  if [[ $once ]]; then
    run_until_ready "$exporter" "$@"
  else
    run_on_demo_servers "$exporter" "$@"
  fi
}

# run_until_ready EXPORTER [FLAG…]: stops the exporter once reads go to the replica.
run_until_ready() {
  local port watcher status=0
  port=$(free_port)
  end_when_ready "$port" 9>&- &
  watcher=$!
  run_on_demo_servers "$@" "--web.listen-address=127.0.0.1:$port" || status=$?
  kill "$watcher" 2>/dev/null || true
  [[ -e $demo_dir/ready ]] || die "the exporter exited with $status before reads went to the replica"
  say "reads went to the replica"
  return "$status"
}

# end_when_ready PORT: sends this script a SIGTERM once the exporter is ready. Runs in the background.
end_when_ready() {
  local deadline=$((SECONDS + 300))
  until is_ready "$1"; do
    ((SECONDS < deadline)) || break
    sleep 0.2
  done
  kill -s TERM $$
}

# is_ready PORT: whether the exporter on this port reports that reads go to the replica.
is_ready() {
  local answer=""
  {
    printf 'GET /-/ready?route=replica HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
    read -r -t 10 answer <&3
  } 2>/dev/null 3<>"/dev/tcp/127.0.0.1/$1" || return
  [[ $answer == "HTTP/1.1 200 "* ]] && : >"$demo_dir/ready"
}

# run_on_demo_servers EXPORTER [FLAG…]: runs the exporter and returns its exit code. The exporter has its own session, so that
# it gets Ctrl-C only from here. A second Ctrl-C kills it.
run_on_demo_servers() {
  local pid status=0 interrupted signal=TERM
  unset "${!PG@}"
  PGPASSFILE=$demo_dir/pgpass \
    SCIDEX_PG_DSN="host=127.0.0.1 port=$primary_port user=scidex dbname=scidex" \
    SCIDEX_PG_RO_DSN="host=127.0.0.1 port=$replica_port user=scidex dbname=scidex" \
    setsid setpriv --pdeathsig TERM "$@" 9>&- &
  pid=$!
  trap 'interrupted=1; kill -s "$signal" "$pid" 2>/dev/null || true; signal=KILL' INT TERM HUP
  while :; do
    interrupted=
    status=0
    wait "$pid" || status=$?
    [[ $interrupted ]] || break
  done
  return "$status"
}

say_what_next() {
  local address=:19187 argument previous="" ask sudo=${SUDO_USER:+sudo }
  for argument; do
    [[ $argument != --web.listen-address=* ]] || address=${argument#*=}
    [[ $previous != --web.listen-address ]] || address=$argument
    previous=$argument
  done
  [[ $address != *:0 ]] || address=":PORT, as logged below"
  [[ $address != :* ]] || address=localhost$address
  ask="curl -s $address/metrics | grep ro_routes_to"
  cat <<TEXT

  A temporary primary (port $primary_port) and its streaming replica (port $replica_port) are running. In another shell:

    status page        http://$address/
    where reads go     $ask
    stop the replica   $sudo$demo_dir/replica stop
                       the route changes from 1 (replica) to 2 (primary_fallthrough)
    start it again     $sudo$demo_dir/replica start
                       the route changes back to 1
    open the database  ${sudo}env PGPASSFILE=$demo_dir/pgpass psql -h 127.0.0.1 -p $primary_port -U scidex scidex
    stop everything    Ctrl-C here

TEXT
}
