# shellcheck shell=bash
# ./dev run. Sourced by ./dev.

# run_exporter DIRECTORY [FLAG…]: runs it in that directory, which its flags may be relative to.
run_exporter() {
  local directory=$1 exporter=$PWD/build/release/bin/scidex_pg_exporter demo=1 argument
  shift
  [[ -z ${SCIDEX_PG_DSN:-}${SCIDEX_PG_RO_DSN:-} ]] || demo=
  for argument; do
    # These need no server.
    case $argument in -h | --help | --version | --config.check) demo= ;; esac
  done
  need_packages build ${demo:+run}
  build_exporter release
  if [[ $demo ]]; then
    # shellcheck source=packaging/dev/demo_servers.sh
    source packaging/dev/demo_servers.sh
    start_demo_servers
    say_what_next "$@"
  fi
  cd "$directory" || die "cannot enter $directory"
  [[ $demo ]] || exec "$exporter" "$@"
  run_on_demo_servers "$exporter" "$@"
}

# run_on_demo_servers EXPORTER [FLAG…]: ends as it ends. In a session of its own, so that Ctrl-C reaches it once,
# through here; a second Ctrl-C does not wait for it.
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

  A throw-away primary (port $primary_port) and its streaming replica (port $replica_port) are up. From another shell:

    the page           http://$address/
    where reads go     $ask
    stop the replica   $sudo$demo_dir/replica stop
                       ask again: 1 (replica) has turned to 2 (primary_fallthrough)
    start it again     $sudo$demo_dir/replica start
                       ask again: back to 1
    use the pools' DB  ${sudo}env PGPASSFILE=$demo_dir/pgpass psql -h 127.0.0.1 -p $primary_port -U scidex scidex
    end all of it      Ctrl-C here

TEXT
}
