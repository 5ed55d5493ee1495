# shellcheck shell=bash
# The package's own test for autopkgtest, with the promtool of the machine that runs the cases.
# shellcheck source=tests/packaging/inside.sh
source /task/inside.sh

install_packages /task/packages/scidex-pg-exporter_*.deb /task/packages/scidex-pg-exporter-data_*.deb
mkdir /tmp/autopkgtest
AUTOPKGTEST_TMP=/tmp/autopkgtest PATH=$PATH:/task /task/tests/smoke || fail "tests/smoke"
