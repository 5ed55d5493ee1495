# shellcheck shell=bash
# ./dev package. Sourced by ./dev.

readonly package_dir=build/packages

# The version of the packages: the version of the sources. While the newest section of the changelog is Unreleased, the time
# and the id of the commit follow, so that a later commit is an upgrade.
package_version() {
  local version
  version=$(sed -nE 's/^project\(.* VERSION ([0-9.]+) .*/\1/p' CMakeLists.txt)
  if [[ $(grep -m 1 '^## ' CHANGELOG.md) == "## Unreleased"* ]]; then
    version+=$(TZ=UTC git log -1 --date=format-local:+%Y%m%d%H%M%S --format=%cd.%h --abbrev=12)
  fi
  echo "$version"
}

# stage_sources DIRECTORY: writes the committed state as the sources of a Debian package.
stage_sources() {
  rm -rf "$1"
  mkdir -p "$1"
  git archive HEAD | tar -x -C "$1"
  cp -r "$1/packaging/debian" "$1/debian"
  python3 -B packaging/debian_changelog.py CHANGELOG.md "$(package_version)" "$(git log -1 --format=%ct)" \
    >"$1/debian/changelog"
}

# build_packages STAGE: builds the packages of the sources in STAGE, in its parent folder.
build_packages() (
  export SCIDEX_REVISION LC_ALL=C.UTF-8 TZ=UTC CCACHE_BASEDIR=$1 CCACHE_DIR
  SCIDEX_REVISION=$(git rev-parse --short=12 HEAD)
  # Otherwise ccache may return an object of sources that differ only in the columns of tokens, which are part of the debug
  # information.
  export CCACHE_DEPEND=1 CCACHE_NAMESPACE=packages
  # debhelper changes HOME for the build.
  CCACHE_DIR=${CCACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/ccache}
  unset "${!DEB_@}" CFLAGS CXXFLAGS CPPFLAGS LDFLAGS
  cd "$1" || exit
  dpkg-buildpackage --build=binary --no-sign -j"$(nproc)"
)

# make_packages: writes the packages to build/packages.
make_packages() {
  local log=build/package.log stage=$PWD/build/package/scidex-pg-exporter
  [[ -z $(git status --porcelain --untracked-files=no) ]] || say "uncommitted changes are not in the packages"
  stage_sources "$stage"
  rm -f build/package/*.*
  build_packages "$stage" >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    die "building the packages failed; the complete output is in $log"
  }
  # The maintainer's address does not receive mail.
  lintian --allow-root --fail-on error,warning --suppress-tags bogus-mail-host-in-debian-changelog,bogus-mail-host \
    build/package/*.changes
  rm -rf "$package_dir"
  mkdir -p "$package_dir"
  mv build/package/*.* "$package_dir"
  ls -sh "$package_dir"/*.deb
}
