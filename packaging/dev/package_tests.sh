# shellcheck shell=bash
# ./dev test --packaging. Sourced by ./dev, after package.sh and image.sh.

: "${package_dir:?is set by package.sh}" "${image:?is set by image.sh}"

# Builds the packages again in another directory, with an empty compiler cache, and compares them byte for byte. Not without
# ccache: it makes paths relative, which changes the debug information and with it the build ID of the program.
check_reproducible() {
  local again log=build/packaging/again.log package
  again=$(mktemp -d)
  say "building the packages a second time ($log)"
  stage_sources "$again/sources"
  CCACHE_DIR=$again/ccache build_packages "$again/sources" >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    die "the second build failed; the complete output is in $log"
  }
  for package in "$package_dir"/*.deb; do
    cmp "$package" "$again/${package##*/}" || die "${package##*/} differs in the second build, which is in $again"
  done
  rm -rf "$again"
  say "the second build is identical"
}

# Exit code if this machine cannot boot a container, which says nothing about the packages.
readonly cannot_boot=77

# refuse_to_boot REASON: prints the reason and exits.
refuse_to_boot() {
  echo "dev: $1" >&2
  exit "$cannot_boot"
}

# test_packages [--long] [ARG…]: runs the tests of tests/packaging; ARGs go to ctest. --long also checks that a second build
# is identical.
test_packages() {
  local log=build/packaging/tree.log suite
  ((EUID == 0)) || refuse_to_boot "test --packaging boots containers, so it must run as root"
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
    die "creating the Debian system for the tests failed; the complete output is in $log"
  }
  SCIDEX_BOOT_SECONDS=120 tests/packaging/boot.sh build/packaging/tree tests/packaging true ||
    refuse_to_boot "this machine cannot boot a container, which the tests of the packages need: it requires mounts, cgroups and namespaces"
  configure release SCIDEX_BUILD_TESTS=ON
  # Re-runs CMake if a case was added, because no target is built here.
  build release build.ninja
  ctest --preset release -C Packaging -L packaging -j "$(nproc)" --no-tests=error "$@"
}
