# shellcheck shell=bash
# ./dev image and ./dev kubernetes. Sourced by ./dev, after package.sh.

: "${package_dir:?is set by package.sh}"
readonly image=build/images/scidex-pg-exporter.tar

# make_image OUT: writes the image of the package in build/packages to OUT.
make_image() {
  mkdir -p "${1%/*}"
  SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) python3 -B packaging/image.py "$package_dir"/scidex-pg-exporter_*.deb "$1"
}

# Builds the packages of the committed state, unless they exist.
ensure_packages() {
  [[ -n $(find "$package_dir" -name "*_$(package_version)_*.deb" 2>/dev/null) ]] || make_packages
}

job_image() {
  need_packages build package image
  ensure_packages
  make_image "$image"
}

# job_kubernetes [--links RUNBOOKS GRAFANA] [IMAGE]
job_kubernetes() {
  need_packages kubernetes
  python3 -B packaging/kubernetes/generate.py . build/kubernetes "$@"
  say "kubectl apply -k build/kubernetes/base; the chart is build/kubernetes/chart"
}
