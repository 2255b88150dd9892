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

_windlass_words() { # LABEL VERB
  case $1 in
    *.apply)
      echo "--wait --wait=true --wait=false --timeout= --output=text --output=json --output=ndjson --force-conflicts --cluster-id= --in-cluster --adopt --dry-run --dry-run=plan --dry-run=server --save-plan= --plan= --verbose --yes-really= --help"
      ;;
    *.create)
      echo "--wait --wait=true --wait=false --timeout= --output=text --output=json --output=ndjson --cluster-id= --in-cluster --dry-run --dry-run=plan --dry-run=server --save-plan= --plan= --verbose --help"
      ;;
    *.replace)
      echo "--wait --wait=true --wait=false --timeout= --output=text --output=json --output=ndjson --force-conflicts --cluster-id= --in-cluster --dry-run --dry-run=plan --dry-run=server --save-plan= --plan= --verbose --yes-really= --help"
      ;;
    *.delete)
      echo "--wait --wait=true --wait=false --timeout= --output=text --output=json --output=ndjson --cluster-id= --in-cluster --dry-run --dry-run=plan --dry-run=server --save-plan= --plan= --verbose --yes-really= --help"
      ;;
    *.diff)
      echo "--output=text --output=json --output=ndjson --force-conflicts --cluster-id= --in-cluster --adopt --exit-code --help"
      ;;
    *.status)
      echo "--output=text --output=json --output=ndjson --cluster-id= --in-cluster --help"
      ;;
    *.graph)
      echo "--cluster-id= --in-cluster --html= --svg= --offline --help"
      ;;
    *.logs)
      echo "--cluster-id= --in-cluster --follow --tail= --since= --container= --previous --help"
      ;;
    *.port-forward)
      echo "--cluster-id= --in-cluster --service= --port= --help"
      ;;
    *-deep.push|*-shallow.push)
      echo "--output=text --output=json --output=ndjson --dry-run --dry-run=plan --dry-run=server --verbose --help"
      ;;
    *.resolve)
      echo "--help"
      ;;
    *:orphans.*)
      echo "--wait --wait=true --wait=false --timeout= --output=text --output=json --output=ndjson --cluster-id= --in-cluster --dry-run --dry-run=plan --dry-run=server --delete --verbose --yes-really= --help"
      ;;
    *.roles)
      echo "--help"
      ;;
    *.worker)
      echo "--timeout= --help"
      ;;
    *cluster:up)
      echo "--state= --provider=context --provider=k3d --provider=embedded --api-port= --registry-port= --merge-kubeconfig --timeout= --help"
      ;;
    *cluster:down)
      echo "--state= --help"
      ;;
    *cluster:reset)
      echo "--state= --help"
      ;;
    *cluster:status)
      echo "--state= --help"
      ;;
    *cluster:kubectl)
      echo "--help"
      ;;
    *cluster:build)
      echo "--help"
      ;;
    *cluster:with_api_server)
      echo "--context= --state= --timeout= --help"
      ;;
    *.push|*:push)
      echo "--tag= --source= --revision= --output=text --output=json --help"
      ;;
    *:rendered)
      echo "--against= --at= --output=text --output=markdown --output=json --exit-code --help"
      ;;
    *.dev)
      echo "--timeout= --service= --port= --help"
      ;;
    *tools/agent|*tools/agent:agent|*prod:agent)
      case $2 in
        --publish) echo "--once --interval= --env= --remote= --source= --builder= --key= --sign-with= --toolchain= --who= --test= --state= --status= --help" ;;
        --apply) echo "--env= --remote= --target= --once --interval= --drift= --timeout= --git-timeout= --state= --listen= --in-cluster --cluster-id= --allow-rewrite --help" ;;
        *) echo "--publish --apply --help" ;;
      esac
      ;;
    *tools/image|*tools/image:image|*prod:image)
      case $2 in
        pull) echo "--lock= --platform= --insecure --help" ;;
        attest) echo "--out-dir= --source= --revision= --toolchain= --builder= --key= --sign-with= --insecure --help" ;;
        attestation) echo "--out-dir= --key= --revision= --insecure --help" ;;
        inspect) echo "--all --platform= --help" ;;
        diff) echo "--platform= --help" ;;
        *) echo "pull attest attestation inspect diff --help" ;;
      esac
      ;;
    *tools/new|*tools/new:new|*prod:new)
      case $2 in
        repo) echo "--project= --service= --windlass= --dry-run --help" ;;
        service) echo "--deps= --dry-run --help" ;;
        *) echo "repo service --help" ;;
      esac
      ;;
    *tools/page|*tools/page:page|*prod:page)
      echo "--env= --output= --help"
      ;;
    *tools/pin|*tools/pin:pin|*prod:pin)
      case $2 in
        set) echo "--service= --env= --image= --commit= --toolchain= --time= --who= --repository= --digest-only --help" ;;
        promote) echo "--from= --to= --service= --deep= --all --digest-only --commit --branch= --diff --help" ;;
        rollback) echo "--env= --service= --deep= --all --digest-only --commit --branch= --diff --help" ;;
        verify) echo "--service= --deep= --all --env= --digest-only --rebuild --output=text --output=json --help" ;;
        list) echo "--service= --env= --output=text --output=json --help" ;;
        toolchain) echo "--help" ;;
        *) echo "set promote rollback verify list toolchain --help" ;;
      esac
      ;;
  esac
}
