//! `docs/cli/image.md`.

use windlass_image::cli::{EXAMPLES, command};

use crate::examples::block;
use crate::flags::verbs;

const HEAD: &str = "\
# Image: what is in images, and what they are built on

`bazel run @windlass//tools/image -- inspect LAYOUT`. How images are made and pushed: [images.md](../images.md); what is signed, and
who believes it: [proof.md](../proof.md). How a run ends: [exit-codes.md](exit-codes.md). This page is what `--help` says, made by
`bazel run //:update`.
";

pub(crate) fn page() -> String {
    let mark =
        "not run: the first asks a registry that the tests have not; docs/images.md has the others";
    HEAD.to_owned() + &verbs(&command(), "") + &block(EXAMPLES, &[mark])
}
