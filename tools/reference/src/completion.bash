# Completion, for bash, of what follows `bazel run LABEL --`. What is in front of it is completed as before.
# Made by `bazel run //:update`; docs/completion.md says how to get it.

_windlass_bazel() {
  local line=${COMP_LINE:0:COMP_POINT} typed last word label='' verb='' place=command offered=''
  read -ra typed <<<"$line"
  [[ $line != *[[:space:]] ]] || typed+=('')
  last=${typed[${#typed[@]} - 1]}
  # bazel [flags] run [flags] LABEL [flags] -- [VERB] ...
  for word in "${typed[@]:1:${#typed[@]}-2}"; do
    case $place:$word in
      command:run) place=label ;;
      command:-*) ;;
      command:*) place=other ;;
      label:--) place=flags ;;
      label:-*) ;;
      label:*[:/]*) label=$word ;;
      flags:--) place=other ;;
      flags:*) verb=${verb:-$word} ;;
    esac
  done
  [[ $place != flags ]] || offered=$(_windlass_words "$label" "$verb")
  if [[ ! $offered ]]; then
    [[ ! $_windlass_before ]] || "$_windlass_before" "$@"
    return
  fi
  COMPREPLY=()
  for word in $(compgen -W "$offered" -- "$last"); do
    # A value follows `=` at once.
    [[ $word == *= ]] || word+=' '
    # Where readline takes `=` for the end of a word, it replaces only what is behind.
    [[ $last != *=* || $COMP_WORDBREAKS != *=* ]] || word=${word#*=}
    COMPREPLY+=("$word")
  done
  # What else there is are files and names.
  ((${#COMPREPLY[@]})) || compopt -o default +o nospace 2>/dev/null || true
}

: "${_windlass_before=}"
_windlass_register() {
  local load found
  # bash-completion reads Bazel's own when it is first asked for.
  for load in _comp_load _completion_loader; do
    if declare -F "$load" >/dev/null; then "$load" bazel || true; fi
  done
  found=$(complete -p bazel 2>/dev/null | sed -n 's/.* -F \([^ ]*\) .*/\1/p' || true)
  [[ $found == _windlass_bazel ]] || _windlass_before=$found
  complete -o nospace -F _windlass_bazel bazel bazelisk bazelw
}
_windlass_register
