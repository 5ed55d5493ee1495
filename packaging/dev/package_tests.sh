# shellcheck shell=bash
# ./dev test --packaging. Sourced by ./dev, after package.sh and image.sh.

: "${package_dir:?is set by package.sh}" "${image:?is set by image.sh}"

# Builds the packages again, elsewhere and without the compiler's cache: they must be the same, byte for byte.
check_reproducible() {
  local again log=build/packaging/again.log package
  again=$(mktemp -d)
  say "building the packages a second time ($log)"
  stage_sources "$again/sources"
  CCACHE_DISABLE=1 build_packages "$again/sources" >"$log" 2>&1 || die "the second build failed; its output is in $log"
  for package in "$package_dir"/*.deb; do
    cmp "$package" "$again/${package##*/}" || die "${package##*/} is another when it is built again; see $again"
  done
  rm -rf "$again"
  say "the packages are the same when they are built again"
}

# The exit code where this machine boots no container, whatever the packages are like.
readonly cannot_boot=77

# boots_not REASON: says so and ends.
boots_not() {
  echo "dev: $1" >&2
  exit "$cannot_boot"
}

# test_packages [--long] [ARG…]: tests of tests/packaging; ARGs go to ctest. --long: and whether they can be reproduced.
test_packages() {
  local log=build/packaging/tree.log suite
  ((EUID == 0)) || boots_not "test --packaging boots containers, and must run as root"
  suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
  need_packages build test package image packaging
  ensure_packages
  mkdir -p build/packaging
  if [[ ${1:-} == --long ]]; then
    shift
    check_reproducible
  fi
  make_image "$image"
  make_image build/packaging/again.tar >"$log"
  tests/packaging/tree.sh "$suite" build/packaging/tree "$package_dir"/scidex-pg-exporter_*.deb >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    die "the system for the tests was not made; all of the output is in $log"
  }
  SCIDEX_BOOT_SECONDS=120 tests/packaging/boot.sh build/packaging/tree tests/packaging true ||
    boots_not "this machine boots no container, which the tests of the packages need: mounts, cgroups and namespaces as root"
  configure release SCIDEX_BUILD_TESTS=ON
  # Nothing is built there, so that a new case would go unnoticed.
  build release build.ninja
  ctest --preset release -C Packaging -L packaging -j "$(nproc)" --no-tests=error "$@"
}
