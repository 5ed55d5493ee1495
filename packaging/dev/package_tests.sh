# shellcheck shell=bash
# ./dev test --packaging. Sourced by ./dev, after package.sh and image.sh.

: "${package_dir:?is set by package.sh}" "${image:?is set by image.sh}"

# test_packages [ARG…]: tests of tests/packaging; ARGs go to ctest.
test_packages() {
  local log=build/packaging/tree.log suite
  ((EUID == 0)) || die "test --packaging boots containers, and must run as root"
  suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
  need_packages build test package image packaging
  ensure_packages
  mkdir -p build/packaging
  make_image "$image"
  make_image build/packaging/again.tar >"$log"
  tests/packaging/tree.sh "$suite" build/packaging/tree "$package_dir"/scidex-pg-exporter_*.deb >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    die "the system for the tests was not made; all of the output is in $log"
  }
  SCIDEX_BOOT_SECONDS=120 tests/packaging/boot.sh build/packaging/tree tests/packaging true ||
    die "this machine boots no container, which the tests of the packages need: mounts, cgroups and namespaces as root"
  configure release SCIDEX_BUILD_TESTS=ON
  ctest --preset release -C Packaging -L packaging -j "$(nproc)" --no-tests=error "$@"
}
