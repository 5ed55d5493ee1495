# shellcheck shell=bash
# What generates the dashboards. Sourced by ./dev.

# Does nothing if what is installed is what package-lock.json names. Another Node.js than Debian's will do.
install_dashboard_tools() {
  local installed=dashboards/node_modules/.package-lock.json log=build/npm.log
  command -v node npm >/dev/null || need_packages dashboards
  [[ ! $installed -nt dashboards/package-lock.json ]] || return 0
  say "installing what generates the dashboards, from the npm registry ($log)"
  mkdir -p build
  (cd dashboards && npm ci --ignore-scripts --no-audit --no-fund) >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    die "npm cannot install what dashboards/package-lock.json names; all of its output is in $log"
  }
}

generate_dashboards() {
  (cd dashboards && npm run --silent generate)
  git diff --stat -- dashboards/json
}
