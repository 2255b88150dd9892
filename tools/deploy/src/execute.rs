//! Carries out the plan of `apply`, `create` and `replace`: step by step, each pushed, written,
//! waited for and cleaned up.

use serde_json::Value;

use crate::apply::{Apply, Begun, Pushes, Written};
use crate::desired::Desired;
use crate::error::Error;
use crate::follow::Follow;
use crate::plan::{Action, Live, Plan, Seen};
use crate::record::{Phase, Records};
use crate::remove::Remove;
use crate::request::Rollout;
use crate::session::Session;
use crate::store::Store;
use crate::verbs::Context;
use crate::wait::Wait;
use crate::wave::waves;

/// Everything that a plan is carried out with.
pub struct Execution<'a> {
    /// The run.
    pub context: &'a Context<'a>,
    /// The cluster.
    pub session: &'a Session<'a>,
    /// What is wanted.
    pub desired: &'a Desired,
    /// What was there.
    pub seen: &'a Seen,
    /// What will be done.
    pub plan: &'a Plan,
    /// Where images go.
    pub store: &'a Store,
}

impl Execution<'_> {
    /// Carries it out. Where something has to go first, all images are pushed before it goes: a
    /// registry that is down must not leave people with nothing. Tags move when all is ready: what
    /// they were on may run until then.
    pub async fn run(&self) -> Result<(), Error> {
        let pushes = Pushes {
            desired: self.desired,
            plan: self.plan,
            store: self.store,
            journal: self.context.journal,
            progress: self.context.progress,
        };
        if self.plan.removes_first() {
            pushes.run().await?;
            self.roll_out(&Begun::new()).await?;
            return pushes.tag().await;
        }
        let begun = pushes.begin();
        let (rolled_out, failed) = tokio::join!(self.roll_out(&begun), pushes.finish(&begun));
        let error = Error::first_of(failed.into_iter().chain(rolled_out.err()));
        error.map_or(Ok(()), Err)?;
        pushes.tag().await
    }

    fn remove(&self) -> Remove<'_> {
        Remove {
            session: self.session,
            desired: self.desired,
            plan: self.plan,
            // Whatever the options say: until the old one is gone, the new one cannot be made.
            timeout: Some(self.context.options.timeout()),
            journal: self.context.journal,
        }
    }

    /// Writes and waits, wave by wave. Ends early where an image did not arrive: whoever pushed it
    /// says why.
    async fn roll_out(&self, pushes: &Begun<'_>) -> Result<(), Error> {
        let apply = Apply {
            session: self.session,
            desired: self.desired,
            seen: self.seen,
            plan: self.plan,
            journal: self.context.journal,
        };
        let records = Records {
            session: self.session,
            desired: self.desired,
            seen: self.seen,
            plan: self.plan,
        };
        let rollout = self.context.request.environment.rollout;
        self.context.journal.state().rollout = Some(rollout);
        let mut follow = Follow::new(self.context, self.desired, self.plan);
        let mut last = self.found();
        let waves = waves(rollout, self.desired);
        let count = waves.len();
        for (at, wave) in waves.into_iter().enumerate() {
            records.announce(&wave).await?;
            self.remove().first(&wave).await?;
            let Some(mut written) = apply.write(&wave, pushes).await? else {
                return Ok(());
            };
            let prunes = records.prunes(&wave);
            let phase = if prunes { Phase::Written } else { Phase::Done };
            records.settle(&wave, &written, phase).await?;
            for (at, object) in written.objects.drain() {
                last[at] = object;
            }
            // A gate is one whatever the options say; only the last wave need not be waited for.
            let waits = self.context.options.waits() || at + 1 < count;
            if waits {
                self.wait(&wave, &mut last, &mut follow).await?;
            }
            if prunes && (waits || rollout == Rollout::Parallel) {
                self.prune(&wave, &records, &written).await?;
            }
        }
        Ok(())
    }

    /// Takes away what is left over, now that what came in its place is there.
    async fn prune(
        &self,
        wave: &[usize],
        records: &Records<'_>,
        written: &Written,
    ) -> Result<(), Error> {
        let mut remove = self.remove();
        remove.timeout = remove.timeout.filter(|_| self.context.options.waits());
        remove.prune(wave).await?;
        records.settle(wave, written, Phase::Done).await
    }

    /// Each object as it was found; null for what is yet to be written.
    fn found(&self) -> Vec<Value> {
        let pairs = self.seen.objects.iter().zip(&self.plan.actions);
        let found = |(live, action): (&Live, &Action)| {
            let stays = live.object().filter(|_| !action.is_sent());
            stays.cloned().unwrap_or_default()
        };
        pairs.map(found).collect()
    }

    async fn wait(
        &self,
        wave: &[usize],
        last: &mut [Value],
        follow: &mut Follow<'_>,
    ) -> Result<(), Error> {
        let wait = Wait {
            cluster: &self.session.cluster,
            context: &self.session.place.context,
            resources: &self.session.resources,
            kubectl: &self.session.place.kubectl,
            desired: self.desired,
            groups: wave,
            timeout: self.context.options.timeout(),
        };
        let result = wait.until_ready(last, |statuses| follow.show(statuses));
        let result = result.await;
        self.context.progress.settle();
        result
    }
}
