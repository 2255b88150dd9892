// What the constructors are made of; nothing here is for users of the library.
{
  local this = self,

  // The user and group of a process that is nobody: that of distroless images.
  nobody: 65532,

  // The labels of an app's pods.
  selector(app): { 'app.kubernetes.io/name': app },

  // Pods of an app, in the words of Kubernetes.
  pods(app): { matchLabels: this.selector(app) },

  // An object of cluster scope, or without its namespace.
  object(apiVersion, kind, name, app=name): {
    apiVersion: apiVersion,
    kind: kind,
    local what = '%s `%s`: app (label app.kubernetes.io/name)' % [kind, name],
    metadata: { name: name, labels: this.selector(this.labelValue(what, app)) },
  },

  // A text that can be the value of a label. Names of objects can be longer than that, or have other characters.
  labelValue(what, text):
    local isAlphanumeric(char) =
      char >= '0' && char <= '9' || char >= 'A' && char <= 'Z' || char >= 'a' && char <= 'z';
    local chars = std.stringChars(text);
    local ends = [chars[0], chars[std.length(chars) - 1]];
    if
      std.length(chars) >= 1 && std.length(chars) <= 63
      && std.all([isAlphanumeric(char) for char in ends])
      && std.all([isAlphanumeric(char) || std.member('-._', char) for char in chars])
    then text
    else error '%s: got `%s`, want 1 to 63 of A-Z, a-z, 0-9, `-`, `_` and `.`, with a letter or digit at both ends' % [
      what,
      text,
    ],

  // An object of the namespace of params.
  namespaced(params, apiVersion, kind, name, app=name): this.object(apiVersion, kind, name, app) + {
    metadata+: { namespace: params.environment.namespace },
  },

  // The name of a field that is left out while its value is null or empty: `[set('args', args)]: args`.
  set(field, value): if value == null || value == {} || value == [] then null else field,

  // {name: value} as a list, in the order of the names, without what is null; a list stays what it is.
  list(named, item):
    if std.isArray(named) then named
    else if named == null then []
    else [item(name, named[name]) for name in std.objectFields(named) if named[name] != null],

  // A value that is one of some words.
  oneOf(what, value, words):
    if std.member(words, value) then value
    else error '%s: got `%s`, want one of %s' % [what, value, std.join(', ', words)],

  // A number that is no less than another.
  atLeast(what, value, leastName, least):
    if value >= least then value
    else error '%s: got %s, want at least %s, which is %s' % [what, value, leastName, least],
}
