//! The four calls, over the [`Store`].

use crate::geometry::{Bounds, NotAPlace, Place};
use crate::store::{Error, Store};
use routeguide::v1::route_guide_server::RouteGuide;
use routeguide::v1::{Feature, Point, Rectangle, RouteNote, RouteSummary};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt as _};
use tonic::{Request, Response, Status, Streaming};
use tracing::Instrument as _;

/// Answers that wait for a slow caller before the server waits too.
const BUFFER: usize = 16;

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// The service.
pub struct Guide {
    store: Arc<Store>,
}

impl Guide {
    /// The service over a store.
    pub fn new(store: Arc<Store>) -> Self {
        Self { store }
    }
}

/// What Redis cannot do now, it may do later.
impl From<Error> for Status {
    fn from(error: Error) -> Self {
        Self::unavailable(error.to_string())
    }
}

impl From<NotAPlace> for Status {
    fn from(error: NotAPlace) -> Self {
        Self::invalid_argument(error.to_string())
    }
}

#[tonic::async_trait]
impl RouteGuide for Guide {
    async fn get_feature(&self, request: Request<Point>) -> Result<Response<Feature>, Status> {
        let place = Place::try_from(Some(request.into_inner()))?;
        let name = self.store.feature(place).await?.unwrap_or_default();
        Ok(Response::new(Feature {
            name,
            location: Some(place.into()),
        }))
    }

    type ListFeaturesStream = Answers<Feature>;

    async fn list_features(
        &self,
        request: Request<Rectangle>,
    ) -> Result<Response<Self::ListFeaturesStream>, Status> {
        let found = self
            .store
            .features(Bounds::try_from(request.into_inner())?)
            .await?;
        let features = found.into_iter().map(|(place, name)| {
            Ok(Feature {
                name,
                location: Some(place.into()),
            })
        });
        Ok(Response::new(Box::pin(tokio_stream::iter(features))))
    }

    async fn record_route(
        &self,
        request: Request<Streaming<Point>>,
    ) -> Result<Response<RouteSummary>, Status> {
        let start = Instant::now();
        let mut points = request.into_inner();
        let mut route = Route::default();
        while let Some(point) = points.next().await {
            let place = Place::try_from(Some(point?))?;
            let has_feature = self.store.feature(place).await?.is_some();
            route.add(place, has_feature);
        }
        Ok(Response::new(route.summary(start.elapsed())))
    }

    type RouteChatStream = Answers<RouteNote>;

    async fn route_chat(
        &self,
        request: Request<Streaming<RouteNote>>,
    ) -> Result<Response<Self::RouteChatStream>, Status> {
        let mut notes = request.into_inner();
        let (answers, stream) = mpsc::channel(BUFFER);
        let store = Arc::clone(&self.store);
        let chat = async move {
            // Ends when either side has ended: a closed channel means that the caller has gone.
            while let Some(note) = notes.next().await {
                let more = match earlier(&store, note).await {
                    Ok(notes) => send(&answers, notes.into_iter().map(Ok)).await,
                    Err(status) => send(&answers, [Err(status)]).await.and(Err(Ended)),
                };
                if more.is_err() {
                    break;
                }
            }
        };
        tokio::spawn(chat.in_current_span());
        Ok(Response::new(Box::pin(ReceiverStream::new(stream))))
    }
}

/// A chat goes no further.
struct Ended;

async fn send<T>(
    answers: &mpsc::Sender<T>,
    these: impl IntoIterator<Item = T>,
) -> Result<(), Ended> {
    for answer in these {
        answers.send(answer).await.map_err(|_| Ended)?;
    }
    Ok(())
}

/// Keeps a note and gives those that were there before.
async fn earlier(store: &Store, note: Result<RouteNote, Status>) -> Result<Vec<RouteNote>, Status> {
    let RouteNote { location, message } = note?;
    let place = Place::try_from(location)?;
    let earlier = store.leave_note(place, &message).await?;
    Ok(earlier
        .into_iter()
        .map(|message| RouteNote {
            location: Some(place.into()),
            message,
        })
        .collect())
}

/// A route while it is travelled.
#[derive(Default)]
struct Route {
    points: usize,
    features: usize,
    metres: f64,
    last: Option<Place>,
}

impl Route {
    fn add(&mut self, place: Place, has_feature: bool) {
        self.points += 1;
        self.features += usize::from(has_feature);
        self.metres += self.last.map_or(0.0, |last| last.distance(place));
        self.last = Some(place);
    }

    /// Counts beyond what the messages can say stay at their limit.
    fn summary(&self, elapsed: Duration) -> RouteSummary {
        let count = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
        RouteSummary {
            point_count: count(self.points),
            feature_count: count(self.features),
            #[expect(clippy::cast_possible_truncation, reason = "saturates, as it should")]
            distance: self.metres.round() as i32,
            elapsed_time: i32::try_from(elapsed.as_secs()).unwrap_or(i32::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(latitude: i32, longitude: i32) -> Place {
        Place::try_new(latitude, longitude).expect("on the globe")
    }

    #[test]
    fn a_route_sums_up_its_legs() {
        let mut route = Route::default();
        route.add(place(0, 0), true);
        route.add(place(10_000_000, 0), false);
        route.add(place(0, 0), true);
        let summary = route.summary(Duration::from_millis(2900));
        assert_eq!(
            summary,
            RouteSummary {
                point_count: 3,
                feature_count: 2,
                distance: 222_453,
                elapsed_time: 2
            }
        );
    }

    #[test]
    fn no_point_is_a_route_of_no_length() {
        assert_eq!(
            Route::default().summary(Duration::ZERO),
            RouteSummary::default()
        );
    }

    #[test]
    fn a_long_way_stays_at_the_limit() {
        let mut route = Route {
            metres: 1e12,
            ..Route::default()
        };
        route.add(place(0, 0), false);
        assert_eq!(route.summary(Duration::MAX).distance, i32::MAX);
        assert_eq!(route.summary(Duration::MAX).elapsed_time, i32::MAX);
    }

    #[test]
    fn callers_learn_whose_fault_it_is() {
        assert_eq!(
            Status::from(Error::NotLoaded).code(),
            tonic::Code::Unavailable
        );
        assert_eq!(
            Status::from(NotAPlace::Missing).code(),
            tonic::Code::InvalidArgument
        );
    }
}
