"""What an object's owner says of it beside its manifest: fields left to others, when it is ready, whether it may be
made anew, which rules it is no matter of, what it refers to that others make."""

# What may stand in a `policy` of `k8s_object` and in `policies` of `service`.
POLICY_KEYS = ["externals", "ignore_fields", "ready_when", "recreate", "waivers"]

# What may stand in `recreate`; the first is the default.
RECREATE = ["never", "on-immutable"]

# Rules of `manifest check` and `manifest resolve` that an object may waive (tools/manifest/src/policy.rs).
RULES = ["deprecated", "digests", "latest", "privileged", "requests"]

# What says which object it is and whose. Neither these nor what holds them can be left to others.
_OWN = [
    ["apiVersion"],
    ["kind"],
    ["metadata", "name"],
    ["metadata", "namespace"],
    ["metadata", "annotations", "windlass.dev/object"],
    ["metadata", "labels", "app.kubernetes.io/managed-by"],
    ["metadata", "labels", "applyset.kubernetes.io/part-of"],
    ["metadata", "labels", "windlass.dev/environment"],
]

_STATUSES = ["True", "False", "Unknown"]
_WANT_PATH = "names with `.` between them and [index] or [\"key\"] behind them, such as spec.replicas"
_WANT_READY = "condition=TYPE, condition=TYPE=True, jsonpath={.PATH} or jsonpath={.PATH}=VALUE"

def _is_word(text, more):
    return bool(text) and all([c.isalnum() or c in more for c in text.elems()])

def _step(at, text, path, char):
    """Reads one character of a path.

    Args:
      at: what is being read: "name", "open" (behind `[`), "index", "key", "close" (before `]`) or "end" (behind `]`).
      text: what of it was read.
      path: the segments before it.
      char: the character.

    Returns:
      the same three after it; None where the character cannot stand there.
    """
    if at == "key":
        if char != "\"":
            return None if char == "\\" else (at, text + char, path)
        return ("close", "", path + [text]) if text else None
    if char in [".", "["]:
        after = {".": "name", "[": "open"}[char]
        if at == "name" and text:
            return (after, "", path + [text])
        return (after, "", path) if at == "end" else None
    if at == "name":
        return (at, text + char, path) if _is_word(char, "-_$") else None
    if char == "]":
        if at == "index":
            return ("end", "", path + [int(text)])
        return ("end", "", path) if at == "close" else None
    if at == "open" and char == "\"":
        return ("key", "", path)
    if at in ["open", "index"] and char.isdigit() and text != "0":
        return ("index", text + char, path)
    return None

def parse_path(text):
    """The segments of a field path: `spec.ports[0].port`, `metadata.annotations["a/b"]`.

    Args:
      text: the path.

    Returns:
      a list of strings and ints; None where it is no path.
    """
    at, rest, path = "name", "", []
    for char in text.elems():
        step = _step(at, rest, path, char)
        if not step:
            return None
        at, rest, path = step
    if at == "end":
        return path
    return path + [rest] if at == "name" and rest else None

def _refusal_of_field(text):
    path = parse_path(text)
    if not path:
        return "got %r, want %s" % (text, _WANT_PATH)
    for own in _OWN:
        shorter = min(len(path), len(own))
        if path[:shorter] == own[:shorter]:
            return "got %r, which holds what the object is and whose it is; name another field" % text
    return None

def _refusal_of_ready(text):
    form, _, rest = text.partition("=")
    held = None
    if form == "condition":
        kind, equals, status = rest.partition("=")
        held = _is_word(kind, "-_./") and (not equals or status in _STATUSES)
    elif form == "jsonpath" and rest.startswith("{."):
        path, equals, value = rest[2:].partition("}=")
        held = parse_path(path if equals else path.removesuffix("}")) and (value or path.endswith("}"))
    return None if held else "got %r, want %s" % (text, _WANT_READY)

def _first(refusal, texts):
    seen = {}
    for text in texts:
        if text in seen:
            return "got %r twice; remove one" % text
        seen[text] = True
        refused = refusal(text)
        if refused:
            return refused
    return None

def _refusal_of_waivers(waivers, rules):
    for rule, reason in waivers.items():
        if rule not in rules:
            return "got %r, want one of %s" % (rule, rules)
        if not reason.strip():
            return "got no reason for %r; say why, for those who read it later" % rule
    return None

def _is_external(text):
    kind, _, name = text.partition("/")
    if not _is_word(kind, "") or not kind[0].isupper():
        return False
    if kind != "Pod":
        return _is_word(name, "-.:")
    pairs = [pair.partition("=") for pair in name.split(",")]
    return all([_is_word(label, "-_./") and equals for label, equals, _ in pairs])

def _refusal_of_externals(externals):
    for external, maker in externals.items():
        if not _is_external(external):
            return "got %r, want KIND/NAME as in \"ConfigMap/ca-bundle\", or \"Pod/LABEL=VALUE,...\" for pods" % external
        if not maker.strip():
            return "got nobody for %r; say who makes it, for those who read it later" % external
    return None

def refusal_of_policy(ignore_fields, ready_when, waivers = {}, externals = {}, policies = []):
    """Why these attributes of a k8s_object cannot be used.

    Args:
      ignore_fields: list of field paths.
      ready_when: list of conditions.
      waivers: dict of rule -> reason.
      externals: dict of what others make -> who.
      policies: names of policies, which may be waived too.

    Returns:
      (attribute, text that says what to do); None where all is well.
    """
    refused = _first(_refusal_of_field, ignore_fields)
    if refused:
        return ("ignore_fields", refused)
    refused = _first(_refusal_of_ready, ready_when)
    if refused:
        return ("ready_when", refused)
    refused = _refusal_of_waivers(waivers, RULES + policies)
    if refused:
        return ("waivers", refused)
    refused = _refusal_of_externals(externals)
    return ("externals", refused) if refused else None

def refusal_of_keys(policy):
    """Why a policy cannot be used, as far as its keys tell.

    Args:
      policy: dict.

    Returns:
      a text that says what to do; None where all is well.
    """
    for key in policy:
        if key not in POLICY_KEYS:
            return "got key %r, want one of %s" % (key, POLICY_KEYS)
    return None

def refusal_of_policies(name, outputs, policies):
    """Why a service's policies cannot be used.

    Args:
      name: the service's name.
      outputs: dict of file name -> kind.
      policies: dict of file name -> policy.

    Returns:
      a text that says what to do; None where all is well.
    """
    for file, policy in policies.items():
        if file not in outputs:
            return "service %r: attribute policies: got file %r, want one of outputs: %s" % (name, file, outputs.keys())
        refused = refusal_of_keys(policy)
        if refused:
            return "service %r: attribute policies: %s: %s" % (name, file, refused)
    return None
