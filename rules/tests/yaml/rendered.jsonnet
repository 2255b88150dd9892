// The same definitions by the names of their files: what `rendered` gives.
local crds = std.extVar('crds');

{ [name]: crds[name].metadata.name for name in std.objectFields(crds) }
