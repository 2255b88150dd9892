//! `image import`: an image that something else made or holds becomes one of the build.

use crate::Error;
use crate::docker_archive;
use crate::lock::Lock;
use crate::oci_layout::OciLayout;
use crate::output::write;
use crate::platform::{self, Platform};
use crate::select::Selected;
use std::path::PathBuf;
use windlass_oci_registry::to_canonical_json;

/// Takes an image for one platform from a layout, an archive or a lock.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    from: From,

    #[command(flatten)]
    platform: platform::Flags,

    /// Where the layout directory that an archive becomes is written
    #[arg(long, value_name = "DIR", required_unless_present_any = ["layout", "lock"])]
    layout_out: Option<PathBuf>,

    /// Where it is written which repository has the layers of a lock
    #[arg(long, value_name = "FILE", required_unless_present_any = ["layout", "archive"])]
    source_out: Option<PathBuf>,

    /// Where the config is written
    #[arg(long, value_name = "FILE")]
    config_out: PathBuf,

    /// Where the manifest is written
    #[arg(long, value_name = "FILE")]
    manifest_out: PathBuf,

    /// Where {"mediaType", "digest", "size"} of the manifest is written
    #[arg(long, value_name = "FILE")]
    descriptor_out: PathBuf,
}

/// Where the image comes from.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct From {
    /// An OCI layout directory
    #[arg(long, value_name = "DIR")]
    layout: Option<PathBuf>,

    /// A tar archive, as `docker save` writes it, or of an OCI layout
    #[arg(long, value_name = "FILE")]
    archive: Option<PathBuf>,

    /// What `image pull` has written
    #[arg(long, value_name = "FILE")]
    lock: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<(), Error> {
    let platform = args.platform.platform();
    let selected = if let Some(path) = &args.from.lock {
        let lock = Lock::read(path)?;
        let selected = lock.select(path, &platform)?;
        if let Some(out) = &args.source_out {
            write(out, &to_canonical_json(&lock.source()))?;
        }
        selected
    } else {
        from_layout(args, &platform)?
    };
    write(&args.config_out, &selected.config)?;
    write(&args.manifest_out, &selected.manifest)?;
    write(
        &args.descriptor_out,
        &to_canonical_json(&selected.descriptor),
    )
}

/// Every blob of the image is read, and must be what its name says: nothing looks at it again
/// before it is pushed.
fn from_layout(args: &Args, platform: &Platform) -> Result<Selected, Error> {
    let layout = match (&args.from.layout, &args.from.archive, &args.layout_out) {
        (Some(layout), ..) => OciLayout::open(layout)?,
        (None, Some(archive), Some(out)) => {
            docker_archive::unpack(archive, out)?;
            OciLayout::open(out)?
        }
        _ => unreachable!("clap wants one of them, and a place for what an archive becomes"),
    };
    let selected = layout.select(Some(platform))?;
    layout.check_layers(&selected)?;
    Ok(selected)
}
