# shellcheck shell=bash
# What generates the dashboards, and what npm gets for it. Sourced by ./dev.

# install_npm_packages FOLDER: does nothing if what is installed is what its package-lock.json names. Another Node.js than
# Debian's will do.
install_npm_packages() {
  local folder=$1 log=build/npm.${1//\//.}.log
  { command -v node && command -v npm; } >/dev/null || need_packages npm
  [[ ! $folder/node_modules/.package-lock.json -nt $folder/package-lock.json ]] || return 0
  say "installing what $folder/package-lock.json names, from the npm registry ($log)"
  mkdir -p build
  (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund) >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    die "npm cannot install what $folder/package-lock.json names; all of its output is in $log"
  }
}

# Run in dashboards/. What ./dev test, which does without npm, compares.
dashboard_digests() { sha256sum package.json package-lock.json tsconfig.json src/*.ts json/*.json; }

generate_dashboards() {
  need_packages dashboards
  install_npm_packages dashboards
  (
    cd dashboards || exit
    npm run --silent generate
    dashboard_digests >generated.sha256
  )
  python3 -B packaging/dev/dashboard_layout.py build/dashboards
  say "where each panel is: build/dashboards/*.svg"
  git diff --stat -- dashboards
}

# Fails if generate_dashboards would change a file. Shows how.
check_dashboards() {
  local generated=$PWD/build/dashboards/json
  install_npm_packages dashboards
  rm -rf "$generated"
  (
    cd dashboards && npm run --silent generate -- "$generated" &&
      diff -r json "$generated" && diff generated.sha256 <(dashboard_digests)
  ) || die "run ./dev dashboards and commit what it writes"
}

# Draws docs/dashboards/INCIDENT.DASHBOARD.png: the overview in each incident, the others while the replica is lost.
draw_dashboards() {
  local drawn=$PWD/build/dashboards/pictures
  need_packages build test
  install_npm_packages tests/dashboards
  build_exporter release
  rm -rf "$drawn"
  (
    cd tests/dashboards && npm run --silent draw &&
      SCIDEX_EXPORTER=$OLDPWD/build/release/bin/scidex_pg_exporter /usr/bin/python3 -B pictures.py "$drawn"
  ) || die "the dashboards cannot be drawn"
  mkdir -p docs/dashboards
  cp "$drawn"/{pool_too_small,exporter_down}.overview.png "$drawn"/replica_lost.*.png docs/dashboards/
}
