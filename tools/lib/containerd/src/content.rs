//! One blob on its way into containerd's content store.

use std::collections::HashMap;

use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};
use tokio::sync::mpsc;
use tonic::{Code, Streaming};
use windlass_oci_reference::Digest;
use windlass_oci_registry::{Blob, Client as Registry, Sent};

use crate::connection::{Connection, Failure, Lease, Outlook};
use crate::wire::{ABORT, AbortRequest, Action, Empty, WRITE, WriteAnswer, WriteRequest};

/// How much of what is in memory is sent at a time: a message may have 16 MB.
const CHUNK: usize = 1 << 20;

/// One thing that the content store is to have.
#[derive(Clone, Debug)]
pub(crate) struct Part<'a> {
    pub(crate) digest: Digest,
    pub(crate) size: u64,
    pub(crate) bytes: Source<'a>,
    /// What it needs, in the words of containerd's collector.
    pub(crate) labels: HashMap<String, String>,
}

/// Where its bytes are.
#[derive(Clone, Debug)]
pub(crate) enum Source<'a> {
    Memory(Bytes),
    Blob(&'a Blob),
}

impl Part<'_> {
    /// The name of the write: whoever comes next goes on with it.
    fn reference(&self) -> String {
        format!("windlass-{}", self.digest)
    }

    fn request(&self, action: Action, offset: u64, data: Bytes) -> WriteRequest {
        WriteRequest {
            action: action.into(),
            reference: self.reference(),
            total: self.size,
            expected: self.digest.to_string(),
            offset,
            data,
            labels: self.labels.clone(),
        }
    }

    /// Its bytes from `offset` on.
    async fn bytes(
        &self,
        registry: &Registry,
        offset: u64,
    ) -> Result<BoxStream<'static, Result<Bytes, Failure>>, Failure> {
        match &self.bytes {
            Source::Memory(bytes) => {
                let offset = usize::try_from(offset).unwrap_or(usize::MAX);
                let rest = bytes.slice(offset.min(bytes.len())..);
                let chunks = stream::unfold(rest, |mut rest| async move {
                    let chunk = rest.split_to(rest.len().min(CHUNK));
                    (!chunk.is_empty()).then_some((Ok(chunk), rest))
                });
                Ok(chunks.boxed())
            }
            Source::Blob(blob) => {
                let bytes = registry.read(blob, offset).await;
                let bytes = bytes.map_err(|cause| Failure::blob(cause, Outlook::Final))?;
                // What breaks off later goes on where it was.
                let bytes = bytes.map_err(|cause| Failure::blob(cause, Outlook::Passing));
                Ok(bytes.boxed())
            }
        }
    }
}

/// Brings parts into the content store, under a lease.
pub(crate) struct Writer<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) registry: &'a Registry,
    pub(crate) lease: &'a Lease,
}

impl Writer<'_> {
    /// One try to have a part there; a further one goes on from where it was.
    pub(crate) async fn write(&self, part: &Part<'_>) -> Result<Sent, Failure> {
        let mut from = 0;
        match self.write_from(part, &mut from).await {
            Ok(()) => Ok(Sent::Now),
            Err(failure) if failure.is(Code::AlreadyExists) => Ok(Sent::Before),
            Err(failure) if failure.is(Code::FailedPrecondition) => {
                // Other bytes than the digest says: nobody is to go on with these.
                let reference = part.reference();
                let abort = AbortRequest { reference };
                let aborted = self
                    .connection
                    .ask::<_, Empty>(ABORT, abort, Some(self.lease));
                // Why the bytes were refused is what the user has to know.
                let _ = aborted.await;
                let outlook = match from {
                    0 => Outlook::Final,
                    _ => Outlook::Passing,
                };
                Err(Failure { outlook, ..failure })
            }
            Err(failure) => Err(failure),
        }
    }

    /// Sends what is missing; `from` is then where it began.
    async fn write_from(&self, part: &Part<'_>, from: &mut u64) -> Result<(), Failure> {
        let stat = part.request(Action::Stat, 0, Bytes::new());
        let (mut writing, mut offset) = Writing::begin(self, stat).await?;
        if offset > part.size {
            let (got, want) = (format!("{offset} bytes"), format!("at most {}", part.size));
            return Err(Failure::answer(WRITE, &got, &want));
        }
        *from = offset;
        if offset < part.size {
            let mut chunks = part.bytes(self.registry, offset).await?;
            while let Some(chunk) = chunks.try_next().await? {
                let end = offset + chunk.len() as u64;
                let write = part.request(Action::Write, offset, chunk);
                let reached = writing.say(write).await?;
                if reached != end {
                    let (got, want) = (format!("offset {reached}"), format!("{end}"));
                    return Err(Failure::answer(WRITE, &got, &want));
                }
                offset = end;
            }
        }
        let commit = part.request(Action::Commit, offset, Bytes::new());
        writing.say(commit).await?;
        Ok(())
    }
}

/// One `Write`: each message is answered before the next.
struct Writing {
    connection: Connection,
    messages: mpsc::Sender<WriteRequest>,
    answers: Streaming<WriteAnswer>,
}

impl Writing {
    /// Begins, and gives back how much is there.
    async fn begin(writer: &Writer<'_>, stat: WriteRequest) -> Result<(Self, u64), Failure> {
        let (messages, receiver) = mpsc::channel(1);
        let later = stream::unfold(receiver, |mut receiver| async move {
            receiver.recv().await.map(|message| (message, receiver))
        });
        // The first one is asked with the call: the answer to that may wait for it.
        let questions = stream::iter([stat]).chain(later);
        let answers = writer
            .connection
            .converse(WRITE, questions, writer.lease)
            .await?;
        let mut writing = Self {
            connection: writer.connection.clone(),
            messages,
            answers,
        };
        let offset = writing.answer().await?;
        Ok((writing, offset))
    }

    async fn say(&mut self, message: WriteRequest) -> Result<u64, Failure> {
        // Where nobody takes it any more, the answer says why.
        let sent = self.messages.send(message);
        let _ = self.connection.in_time(WRITE, sent).await?;
        self.answer().await
    }

    async fn answer(&mut self) -> Result<u64, Failure> {
        let answer = self.answers.message();
        let answer = self.connection.in_time(WRITE, answer).await?;
        match answer.map_err(|status| Failure::new(WRITE, &status))? {
            Some(answer) => Ok(answer.offset),
            None => Err(Failure::answer(
                WRITE,
                "no more answers",
                "one to each message",
            )),
        }
    }
}
