# shellcheck shell=bash
# The temporary primary and replica of ./dev run. Sourced by run.sh.
#
# All files are in $demo_dir. The superuser of the servers has no password, and can log in only through the Unix socket in
# servers/, a directory that other users cannot enter. The exporter's role has a random password, which is in pgpass.

demo_dir=
primary_port=
replica_port=
as_server=()

start_demo_servers() {
  local password
  find_server_programs
  demo_dir=$(mktemp -d /tmp/scidex-run-XXXXXX)
  start_keeper
  chmod 755 "$demo_dir"
  mkdir -m 700 "$demo_dir/servers"
  ((EUID != 0)) || chown postgres: "$demo_dir/servers"

  say "starting a private PostgreSQL primary and replica in $demo_dir"
  quietly initdb --no-sync --no-instructions --no-locale --encoding=UTF8 --username=postgres \
    --auth-local=trust --auth-host=scram-sha-256 --pgdata="$demo_dir/servers/primary"
  cat >>"$demo_dir/servers/primary/postgresql.conf" <<TEXT
listen_addresses = '127.0.0.1'
unix_socket_directories = '$demo_dir/servers'
shared_buffers = 32MB
wal_level = replica
wal_keep_size = 512MB
wal_retrieve_retry_interval = 500ms
fsync = off
full_page_writes = off
TEXT
  start_server primary
  primary_port=$started_on

  password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  (umask 077 && echo "127.0.0.1:*:*:scidex:$password" >"$demo_dir/pgpass")
  quietly psql -qX -v ON_ERROR_STOP=1 -h "$demo_dir/servers" -p "$primary_port" -U postgres <<SQL
CREATE ROLE scidex LOGIN PASSWORD '$password' IN ROLE pg_monitor;
CREATE DATABASE scidex OWNER scidex;
SQL

  quietly pg_basebackup --no-sync --checkpoint=fast --write-recovery-conf --pgdata="$demo_dir/servers/replica" \
    --dbname="host=$demo_dir/servers port=$primary_port user=postgres"
  start_server replica
  replica_port=$started_on
  write_replica_switch
  await_streaming
}

find_server_programs() {
  local programs
  programs=$(printf '%s\n' /usr/lib/postgresql/*/bin/initdb | sort -V | tail -n 1)
  [[ -x $programs ]] || die "no PostgreSQL server in /usr/lib/postgresql"
  as_server=(env -i "PATH=${programs%/initdb}:/usr/bin:/bin" LC_ALL=C)
  if ((EUID == 0)); then
    as_server=(setpriv --reuid=postgres --regid=postgres --init-groups "${as_server[@]}")
  fi
}

# The keeper stops the servers and removes the directory when the write end of its pipe (descriptor 9) closes, which happens
# however this script ends. Processes that outlive the script must therefore not inherit this descriptor.
start_keeper() {
  exec 9> >(keep_demo_servers)
  keeper=$!
  trap 'exec 9>&-; wait "$keeper" || true' EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

keep_demo_servers() {
  local data
  trap '' HUP INT TERM QUIT PIPE
  set +e
  cat >/dev/null
  cd /
  for data in "$demo_dir"/servers/{replica,primary}; do
    [[ -e $data/postmaster.pid ]] || continue
    kill -CONT "$(head -n 1 "$data/postmaster.pid")"
    "${as_server[@]}" pg_ctl -D "$data" -m immediate -t 20 stop
  done &>/dev/null
  rm -rf "$demo_dir"
}

# quietly COMMAND…: runs it as the servers' user, and shows its output only if it fails.
quietly() {
  local output
  output=$(cd / && "${as_server[@]}" "$@" 2>&1) || die "$1 failed: $output"
}

# start_server NAME: sets started_on to the server's port.
start_server() {
  local data=$demo_dir/servers/$1 attempt
  for attempt in {1..20}; do
    started_on=$(free_port)
    echo "port = $started_on" >>"$data/postgresql.conf"
    (cd / && "${as_server[@]}" pg_ctl -D "$data" -l "$data.log" -t 60 start) &>/dev/null 9>&- && return
    grep -qs 'Address already in use' "$data.log" || break
  done
  die "the $1 did not start in $attempt attempts: $(tail -n 5 "$data.log" 2>&1)"
}

# Below the range of ephemeral ports, so that the port of a stopped server is still free when it starts again.
free_port() {
  local port
  while :; do
    port=$((12000 + RANDOM % 20000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
  done
  echo "$port"
}

write_replica_switch() {
  local data=$demo_dir/servers/replica
  cat >"$demo_dir/replica" <<TEXT
#!/bin/sh
# Stops or starts the replica of ./dev run.
cd /
case \$1 in
  stop) exec ${as_server[*]} pg_ctl -D $data -m fast stop ;;
  start) exec ${as_server[*]} pg_ctl -D $data -l $data.log start ;;
  *) echo "usage: \$0 stop | start" >&2; exit 2 ;;
esac
TEXT
  chmod 755 "$demo_dir/replica"
}

await_streaming() {
  local deadline=$((SECONDS + 30)) status
  while :; do
    status=$("${as_server[@]}" psql -qXAt -h "$demo_dir/servers" -p "$replica_port" -U postgres \
      -c "SELECT status FROM pg_stat_wal_receiver" 2>&1) || true
    [[ $status != streaming ]] || return 0
    ((SECONDS < deadline)) || die "the replica is not streaming: $status"
    sleep 0.1
  done
}
