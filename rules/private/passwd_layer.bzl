"""The passwd_layer rule: names of users and groups."""

load("//rules/private/providers:layer_info.bzl", "LayerInfo")
load(":image_layer.bzl", "is_ids")
load(":layer_action.bzl", "LAYER_ATTRS", "write_layer")
load(":refusal.bzl", "refuser")

# The largest that Kubernetes takes (`runAsUser`).
_LARGEST = 2147483647

_FIRST = "abcdefghijklmnopqrstuvwxyz_"
_REST = _FIRST + "0123456789-"

# Always there. `nobody` owns nothing, so it has no home.
_ROOT = struct(name = "root", uid = 0, gid = 0, home = "/root")
_NOBODY = struct(name = "nobody", uid = 65534, gid = 65534, home = "/nonexistent")

def _is_name(name):
    if not name or len(name) > 32 or name[0] not in _FIRST:
        return False
    return all([letter in _REST for letter in name.elems()])

_refuse = refuser("passwd_layer")

def _user(ctx, name, ids):
    """One user, checked."""
    if not _is_name(name):
        _refuse(ctx, "users", name, "a name of at most 32 letters a to z, digits, `_` and `-`, that begins with a letter or `_`")
    if not is_ids(ids):
        _refuse(ctx, "users", ids, "numbers, as in \"65532:65532\"")
    uid, gid = [int(id) for id in ids.split(":")]
    if "%d:%d" % (uid, gid) != ids or max(uid, gid) > _LARGEST:
        _refuse(ctx, "users", ids, "numbers from 0 to %d, without zeros before them" % _LARGEST)
    return struct(name = name, uid = uid, gid = gid, home = "/home/" + name)

def _users(ctx):
    """All users, by their numbers."""
    users = {user.uid: user for user in [_ROOT, _NOBODY]}
    for name, ids in ctx.attr.users.items():
        user = _user(ctx, name, ids)
        if name in [_ROOT.name, _NOBODY.name]:
            _refuse(ctx, "users", name, "other users than root and nobody, who are always there")
        if user.uid in users:
            _refuse(ctx, "users", "%s:%s" % (name, ids), "another uid than that of %s" % users[user.uid].name)
        users[user.uid] = user
    return [users[uid] for uid in sorted(users)]

def _groups(users):
    """Names of groups by gid: each is called as the first of its users."""
    groups = {_ROOT.gid: _ROOT.name, _NOBODY.gid: _NOBODY.name}
    for user in users:
        groups.setdefault(user.gid, user.name)
    return groups

def _write(ctx, name, lines):
    file = ctx.actions.declare_file("%s.%s" % (ctx.label.name, name))
    ctx.actions.write(file, "".join([line + "\n" for line in lines]))
    return ("/etc/" + name, "0644", file)

def _impl(ctx):
    users = _users(ctx)
    groups = _groups(users)
    homes = [user for user in users if user != _NOBODY]
    return write_layer(
        ctx,
        dirs = {user.home: "0700" for user in homes},
        files = [
            _write(ctx, "passwd", [
                "%s:x:%d:%d::%s:/sbin/nologin" % (user.name, user.uid, user.gid, user.home)
                for user in users
            ]),
            _write(ctx, "group", ["%s:x:%d:" % (groups[gid], gid) for gid in sorted(groups)]),
        ],
        owners = {user.home: "%d:%d" % (user.uid, user.gid) for user in homes if user != _ROOT},
    )

passwd_layer = rule(
    implementation = _impl,
    doc = """A layer with names of users: `/etc/passwd`, `/etc/group`, and a home for each user.

A program runs without it: the kernel and Kubernetes know numbers alone. It is for programs that ask
who they are, or write into their home. `root` and `nobody` are always there; nobody can log in.

```starlark
passwd_layer(
    name = "users",
    users = {"app": "1000:1000"},
)
```

`/home/app` belongs to `app`, with mode 0700; the group 1000 is called `app` too. Where that is not
it, put files of your own into an `image_layer`.

On a base image the two files take the place of the base's: its users and groups have no names any
more, unless they are given here with their numbers, and what is installed there may look for them.
""",
    attrs = LAYER_ATTRS | {
        "users": attr.string_dict(
            default = {"nonroot": "65532:65532"},
            doc = "Users beside root and nobody: name -> `<uid>:<gid>`. As it is not given, that who images run as.",
        ),
    },
    provides = [LayerInfo],
)
