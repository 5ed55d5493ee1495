# shellcheck shell=bash
# Completion for scidex_pg_exporter(8). Flags and their values are read from --help, so that they cannot differ.

_scidex_pg_exporter() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} help words
  COMPREPLY=()
  help=$("$1" --help 2>/dev/null) || return 0
  # By default bash treats "=" as a separator, so "--flag=value" is three words.
  if [[ $current == = ]]; then
    current=""
  elif [[ $previous == = && $COMP_CWORD -gt 1 ]]; then
    previous=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  words=$(sed -nE "s/^ *(-.,)?${previous//./\\.} TEXT:\{([^}]*)\}.*/\2/p" <<<"$help")
  case $previous in
    *.file | *.path)
      compopt -o filenames 2>/dev/null || true
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      return 0
      ;;
    --probe.ready) words="replica,primary_fallthrough,primary_disabled" ;;
  esac
  [[ $words ]] || words=$(grep -oE '^ +(-.,)?--[a-z.-]+' <<<"$help" | grep -oE -- '--[a-z.-]+' | paste -sd,)
  mapfile -t COMPREPLY < <(compgen -W "${words//,/ }" -- "$current")
}
complete -F _scidex_pg_exporter scidex_pg_exporter
