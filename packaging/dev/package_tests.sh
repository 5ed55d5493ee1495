# shellcheck shell=bash
# ./dev test --packaging. Sourced by ./dev, after package.sh and image.sh.

: "${package_dir:?is set by package.sh}" "${image:?is set by image.sh}"

# Builds the packages again in another directory and without the compiler cache, and compares them byte for byte.
check_reproducible() {
  local again log=build/packaging/second_build.log package
  again=$(mktemp -d)
  say "building the packages a second time ($log)"
  stage_sources "$again/sources"
  CCACHE_DISABLE=1 build_packages "$again/sources" >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    die "the second build failed; the complete output is in $log"
  }
  for package in "$package_dir"/*.deb; do
    cmp "$package" "$again/${package##*/}" || die "${package##*/} differs in the second build, which is in $again"
  done
  rm -rf "$again"
  say "the second build is identical"
}

# check_leftovers SUITE: piuparts installs, removes, installs again and purges the packages in a minimal Debian, and fails if a
# file is left, changed or gone. systemd is part of this Debian, because its own scripts create directories, such as
# /var/lib/private, that its purge does not remove.
check_leftovers() {
  local base=build/packaging/base.tar.gz log=build/packaging/piuparts.log
  say "checking with piuparts what a purge leaves ($log)"
  {
    mmdebstrap --mode=root --variant=minbase --dpkgopt=force-unsafe-io "$1" "$base" &&
      piuparts --distribution="$1" --basetgz="$base" --keep-sources-list --fake-essential-packages=systemd-sysv \
        --install-remove-install --no-upgrade-test "$package_dir"/scidex-pg-exporter{,-data}_*.deb
  } >"$log" 2>&1 || {
    tail -n 40 "$log" >&2
    die "piuparts failed; the complete output is in $log"
  }
}

# make_tree SUITE FOLDER PACKAGE: makes the Debian system in which the cases install this package.
make_tree() {
  local log=$2.log
  tests/packaging/tree.sh "$@" >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    die "creating the Debian system for the tests failed; the complete output is in $log"
  }
}

cases=Packaging

# run_cases [ARG…]: ARGs go to ctest.
run_cases() { ctest --preset release -C "$cases" -L packaging -j "$(nproc)" --no-tests=error "$@"; }

# test_on SUITE [ARG…]: builds the packages on this release of Debian, and runs the cases there. Not that of the image, whose
# libraries are those of this machine. ARGs go to ctest.
test_on() {
  local suite=$1 folder=$PWD/build/packaging/$1
  mkdir -p "$folder"
  say "building the packages on $suite ($folder/build.log)"
  stage_sources "$folder/scidex-pg-exporter"
  SCIDEX_REVISION=$(git rev-parse --short=12 HEAD) \
    tests/packaging/build.sh "$suite" "$folder/scidex-pg-exporter" "$folder/packages" >"$folder/build.log" 2>&1 || {
    tail -n 20 "$folder/build.log" >&2
    die "building the packages on $suite failed; the complete output is in $folder/build.log"
  }
  make_tree "$suite" "$folder/tree" "$folder"/packages/scidex-pg-exporter_*.deb
  SCIDEX_PACKAGES=$folder/packages SCIDEX_TREE=$folder/tree run_cases -E 'the image' "${@:2}"
}

# Exit code if this machine cannot boot a container, which says nothing about the packages.
readonly cannot_boot=77

# refuse_to_boot REASON: prints the reason and exits.
refuse_to_boot() {
  echo "dev: $1" >&2
  exit "$cannot_boot"
}

# test_packages [--long] [ARG…]: runs the tests of tests/packaging; ARGs go to ctest. --long also checks that a second build
# is identical and that a purge leaves nothing, runs a case in an emulated machine, and builds and tests the packages on the
# other supported Debian.
test_packages() {
  local suite long=
  ((EUID == 0)) || refuse_to_boot "test --packaging boots containers, so it must run as root"
  suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
  need_packages build test package image packaging
  ensure_packages
  mkdir -p build/packaging
  if [[ ${1:-} == --long ]]; then
    shift
    long=1 cases=PackagingLong
    need_packages piuparts vm
    check_reproducible
    check_leftovers "$suite"
  fi
  make_image "$image"
  make_image build/packaging/again.tar >build/packaging/again.log
  make_tree "$suite" build/packaging/tree "$package_dir"/scidex-pg-exporter_*.deb
  SCIDEX_BOOT_SECONDS=120 tests/packaging/boot.sh build/packaging/tree tests/packaging true ||
    refuse_to_boot "this machine cannot boot a container, which the tests of the packages need: it requires mounts, cgroups and namespaces"
  configure release SCIDEX_BUILD_TESTS=ON
  # Re-runs CMake if a case was added, because no target is built here.
  build release build.ninja
  run_cases "$@"
  if [[ $long ]]; then
    if [[ $suite == bookworm ]]; then test_on trixie "$@"; else test_on bookworm "$@"; fi
  fi
}
