# shellcheck shell=bash
# The Debian packages that the jobs of ./dev need, and their installation. Sourced by ./dev.

declare -A package_groups=(
  [build]="g++ cmake ninja-build ccache pkgconf git libpq-dev libpqxx-dev libyaml-cpp-dev libspdlog-dev libfmt-dev
           libcli11-dev nlohmann-json3-dev prometheus-cpp-dev libcivetweb-dev zlib1g-dev libasio-dev libssl-dev libcrypt-dev
           libpg-query-dev"
  [run]="postgresql"
  [dashboards]="python3"
  [npm]="nodejs npm"
  [demo]="prometheus prometheus-alertmanager python3"
  [test]="libgtest-dev libgmock-dev postgresql pgbouncer pgpool2 prometheus prometheus-alertmanager python3 curl jq
          iproute2 procps python3-prometheus-client python3-yaml openssl prometheus-postgres-exporter chromium
          chromium-driver python3-selenium python3-pglast python3-jsonschema groff-base"
  [audit]="python3 python3-pglast"
  [package]="build-essential debhelper lintian python3"
  [image]="ca-certificates tzdata python3"
  [kubernetes]="python3 python3-yaml"
  [packaging]="systemd-container mmdebstrap man-db umoci crun"
  [piuparts]="piuparts"
  [vm]="qemu-system-x86 e2fsprogs"
  [bench]="libbenchmark-dev libsoci-dev libboost-dev python3-psycopg-pool valgrind"
)
declare -A package_reasons=(
  [build]="to build" [run]="for the temporary servers of ./dev run" [demo]="for the demo" [dashboards]="for the dashboards"
  [npm]="for the dashboards" [test]="to test" [package]="for Debian packages" [image]="for the image"
  [kubernetes]="for the manifests" [packaging]="to test packages" [piuparts]="to test packages" [vm]="to test packages"
  [audit]="to audit" [bench]="to measure" [fuzz]="to fuzz" [lint]="to lint" [format]="to format"
)

os_name=unknown
llvm=
if [[ -r /etc/os-release ]]; then
  # shellcheck source=/dev/null
  os_name=$(. /etc/os-release && echo "${PRETTY_NAME:-$ID}")
  # shellcheck source=/dev/null
  case $(. /etc/os-release && echo "${ID:-}-${VERSION_ID:-}") in
    debian-12) llvm=16 ;;
    debian-13) llvm=19 ;;
  esac
fi
package_groups[format]="clang-format-$llvm"
package_groups[fuzz]="clang-$llvm libclang-rt-$llvm-dev llvm-$llvm"
package_groups[lint]="clang-$llvm clang-tidy-$llvm clang-format-$llvm shellcheck"

# need_packages GROUP…: installs the missing packages of these groups.
need_packages() {
  local group package known before reasons="" wanted=() missing=()
  for group; do
    mapfile -t wanted < <(tr -s ' \n' '\n' <<<"${package_groups[$group]}")
    before=${#missing[@]}
    known=" $(dpkg-query -W -f="\${db:Status-Status}:\${Package} " "${wanted[@]}" 2>/dev/null || true)"
    for package in "${wanted[@]}"; do
      [[ $known == *" installed:$package "* ]] || missing+=("$package")
    done
    ((${#missing[@]} == before)) || reasons+="${reasons:+, }${package_reasons[$group]}"
  done
  ((${#missing[@]} == 0)) || install_packages "$reasons" "${missing[@]}"
}

# install_packages REASON PACKAGE…
install_packages() {
  local reason=$1 log=build/packages.log as_root=()
  shift
  [[ $llvm ]] || die "this is $os_name; packages are installed only on Debian 12 and 13. Missing $reason: $*"
  if ((EUID != 0)); then
    as_root=(sudo)
    [[ -t 0 ]] || as_root+=(-n)
    "${as_root[@]}" true 2>/dev/null || die "packages are missing $reason. Run as root:
  bash packaging/dev/install_packages.sh $*"
  fi
  say "installing Debian packages $reason ($log): $*"
  mkdir -p build
  "${as_root[@]}" bash packaging/dev/install_packages.sh "$@" >"$log" 2>&1 </dev/null || {
    tail -n 20 "$log" >&2
    die "the installation failed; its complete output is in $log"
  }
  sed -n 's/^note: /dev: /p' "$log"
}
