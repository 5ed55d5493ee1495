# shellcheck shell=bash
# ./dev dashboards: generates the dashboards, and installs the npm packages for that. Sourced by ./dev.

# install_npm_packages FOLDER: installs the packages of its package-lock.json, unless they are installed. Node.js need not be
# Debian's.
install_npm_packages() {
  local folder=$1 log=build/npm.${1//\//.}.log
  { command -v node && command -v npm; } >/dev/null || need_packages npm
  [[ ! $folder/node_modules/.package-lock.json -nt $folder/package-lock.json ]] || return 0
  say "installing the packages of $folder/package-lock.json from the npm registry ($log)"
  mkdir -p build
  (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund) >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    die "npm cannot install the packages of $folder/package-lock.json; its complete output is in $log"
  }
}

# Run in dashboards/. ./dev test, which does not use npm, compares these digests.
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
  say "the layout of the panels: build/dashboards/*.svg"
  git diff --stat -- dashboards
}

# Fails, and shows the difference, if generate_dashboards would change a file.
check_dashboards() {
  local generated=$PWD/build/dashboards/json
  install_npm_packages dashboards
  rm -rf "$generated"
  (
    cd dashboards && npm run --silent generate -- "$generated" &&
      diff -r json "$generated" && diff generated.sha256 <(dashboard_digests)
  ) || die "the dashboards differ from their sources: run ./dev dashboards and commit the result"
}

# Draws docs/dashboards/INCIDENT.DASHBOARD.png: the overview in each incident, the other dashboards only in replica_lost.
draw_dashboards() {
  local drawn=$PWD/build/dashboards/pictures
  need_packages build test
  # Its sources are compiled together with those of the dashboards.
  install_npm_packages dashboards
  install_npm_packages tests/dashboards
  build_exporter release
  rm -rf "$drawn"
  (
    cd tests/dashboards && npm run --silent draw &&
      SCIDEX_EXPORTER=$OLDPWD/build/release/bin/scidex_pg_exporter /usr/bin/python3 -B pictures.py "$drawn"
  ) || die "drawing the dashboards failed"
  mkdir -p docs/dashboards
  cp "$drawn"/{pool_too_small,exporter_down}.overview.png "$drawn"/replica_lost.*.png docs/dashboards/
}
