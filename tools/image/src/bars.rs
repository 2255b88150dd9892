//! What is shown of a push while it happens: a bar for each blob on its way.

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use windlass_oci_reference::Digest;
use windlass_oci_registry::{Event, Progress};
use windlass_report::say;

/// The bars of a run.
pub(crate) struct Bars {
    all: MultiProgress,
    by_blob: Mutex<HashMap<Digest, ProgressBar>>,
}

impl Bars {
    /// Bars on stderr, or none where nobody would see them move.
    pub(crate) fn new(shows: bool) -> Self {
        let target = if shows {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        Self {
            all: MultiProgress::with_draw_target(target),
            by_blob: Mutex::default(),
        }
    }

    /// Takes away what is left of them.
    pub(crate) fn clear(&self) {
        // A terminal that is gone needs no clearing.
        let _ = self.all.clear();
    }

    fn bar(&self, digest: Digest, size: u64) -> ProgressBar {
        let mut bars = self.by_blob.lock().unwrap_or_else(PoisonError::into_inner);
        let bar = bars.entry(digest).or_insert_with(|| {
            let style = "{msg}  {bar:30}  {decimal_bytes:>9} of {decimal_total_bytes:<9}  \
                         {decimal_bytes_per_sec}";
            let style = ProgressStyle::with_template(style).expect("a template of ours");
            let bar = ProgressBar::new(size).with_style(style);
            let bar = bar.with_message(format!("sha256:{}", digest.short()));
            self.all.add(bar)
        });
        bar.clone()
    }

    fn ended(&self, digest: Digest) {
        let mut bars = self.by_blob.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bar) = bars.remove(&digest) {
            bar.finish_and_clear();
        }
    }
}

impl Progress for Bars {
    fn event(&self, event: Event) {
        match event {
            Event::BlobStarted { digest, size, from } => self.bar(digest, size).set_position(from),
            Event::BlobSent { digest, bytes } => {
                let bars = self.by_blob.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(bar) = bars.get(&digest) {
                    bar.inc(bytes);
                }
            }
            Event::BlobExists { digest, .. } | Event::BlobDone { digest, .. } => self.ended(digest),
            Event::Retry { cause, wait } => {
                let line = format!("again in {:.1} s: {cause}", wait.as_secs_f32());
                self.all.suspend(|| say(&line));
            }
            Event::ImageExists { .. } | Event::ManifestDone { .. } => {}
        }
    }
}
