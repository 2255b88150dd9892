//! The four calls, each with a deadline, and the line that is logged of each answer.

use crate::cli::Args;
use crate::point::Point;
use routeguide::v1::route_guide_client::RouteGuideClient;
use routeguide::v1::{Feature, Rectangle, RouteNote, RouteSummary};
use std::time::Duration;
use telemetry::calls::Counted;
use tokio_stream::StreamExt as _;
use tonic::transport::Channel;
use tonic::{Request, Status};

/// From the first byte sent to the last received. The server gives up on Redis before.
const DEADLINE: Duration = Duration::from_secs(5);

/// A call that did not get its answer.
#[derive(Debug, thiserror::Error)]
#[error("{call}: {status}")]
pub struct Failed {
    call: &'static str,
    status: String,
}

/// The client of one channel, whose calls are counted.
pub type Client = RouteGuideClient<Counted<Channel>>;

/// Both answers of `GetFeature`: for a place with a feature, and for one without.
///
/// # Errors
/// When the call fails or takes too long.
pub async fn get_feature(client: &mut Client, point: Point) -> Result<String, Failed> {
    let feature = within("GetFeature", client.get_feature(request(point.into()))).await?;
    Ok(found(point, &feature.into_inner()))
}

/// All features of a rectangle, by name.
///
/// # Errors
/// When the call fails or takes too long.
pub async fn list_features(
    client: &mut Client,
    one: Point,
    other: Point,
) -> Result<String, Failed> {
    let rectangle = Rectangle {
        lo: Some(one.into()),
        hi: Some(other.into()),
    };
    let features = within("ListFeatures", async {
        let features = client.list_features(request(rectangle)).await?.into_inner();
        features.collect::<Result<Vec<_>, _>>().await
    });
    Ok(listed(one, other, &features.await?))
}

/// Travels the route.
///
/// # Errors
/// When the call fails or takes too long.
pub async fn record_route(client: &mut Client, route: &[Point]) -> Result<String, Failed> {
    let points: Vec<_> = route.iter().map(|point| (*point).into()).collect();
    let points = request(tokio_stream::iter(points));
    let summary = within("RecordRoute", client.record_route(points)).await?;
    Ok(recorded(&summary.into_inner()))
}

/// Leaves a note at each point of the route and one more at the first, and reads what others left.
///
/// # Errors
/// When the call fails or takes too long.
pub async fn route_chat(
    client: &mut Client,
    route: &[Point],
    message: &str,
) -> Result<String, Failed> {
    let notes: Vec<_> = route
        .iter()
        .chain(route.first())
        .map(|point| note(*point, message))
        .collect();
    let sent = notes.len();
    let received = within("RouteChat", async {
        let notes = client
            .route_chat(request(tokio_stream::iter(notes)))
            .await?
            .into_inner();
        notes.collect::<Result<Vec<_>, _>>().await
    });
    Ok(chatted(sent, &received.await?))
}

/// All four calls; `log` gets a line as each answer arrives.
///
/// # Errors
/// The first call that fails ends the iteration.
pub async fn all(
    client: &mut Client,
    args: &Args,
    iteration: u64,
    log: impl Fn(&str),
) -> Result<(), Failed> {
    log(&get_feature(client, args.place).await?);
    log(&get_feature(client, args.nowhere).await?);
    if let [one, other] = args.corners[..] {
        log(&list_features(client, one, other).await?);
    }
    log(&record_route(client, &args.route).await?);
    let message = format!("passed by in iteration {iteration}");
    log(&route_chat(client, &args.route, &message).await?);
    Ok(())
}

fn note(point: Point, message: &str) -> RouteNote {
    RouteNote {
        location: Some(point.into()),
        message: message.to_owned(),
    }
}

fn request<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(DEADLINE);
    request
}

async fn within<T>(
    call: &'static str,
    answer: impl Future<Output = Result<T, Status>>,
) -> Result<T, Failed> {
    let status = match tokio::time::timeout(DEADLINE, answer).await {
        Ok(Ok(answer)) => return Ok(answer),
        Ok(Err(status)) => reason(&status),
        Err(_) => format!("no answer within {} s", DEADLINE.as_secs()),
    };
    Err(Failed { call, status })
}

/// A status in one line, with the innermost cause where there is one: "connection refused" rather
/// than "transport error".
fn reason(status: &Status) -> String {
    let mut text = format!("{:?}: {}", status.code(), status.message());
    let mut cause = std::error::Error::source(status);
    while let Some(inner) = cause.and_then(std::error::Error::source) {
        cause = Some(inner);
    }
    if let Some(inner) = cause
        .map(ToString::to_string)
        .filter(|inner| !text.contains(inner))
    {
        text = format!("{text}: {inner}");
    }
    text.replace('\n', " ")
}

fn found(point: Point, feature: &Feature) -> String {
    match feature.name.as_str() {
        "" => format!("GetFeature {point}: no feature"),
        name => format!("GetFeature {point}: {name}"),
    }
}

fn listed(one: Point, other: Point, features: &[Feature]) -> String {
    let names: Vec<_> = features
        .iter()
        .map(|feature| feature.name.as_str())
        .collect();
    let colon = if names.is_empty() { "" } else { ": " };
    format!(
        "ListFeatures {one} to {other}: {} features{colon}{}",
        names.len(),
        names.join(", ")
    )
}

fn recorded(summary: &RouteSummary) -> String {
    let RouteSummary {
        point_count,
        feature_count,
        distance,
        elapsed_time,
    } = summary;
    format!(
        "RecordRoute: {point_count} points, {feature_count} features, {distance} m in {elapsed_time} s"
    )
}

fn chatted(sent: usize, received: &[RouteNote]) -> String {
    let mut text = format!("RouteChat: {sent} notes sent, {} received", received.len());
    if let Some(RouteNote {
        location: Some(point),
        message,
    }) = received.last()
    {
        text = format!("{text}, the last at {}: {message}", Point::from(*point));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(text: &str) -> Point {
        text.parse().expect("a point")
    }

    fn feature(name: &str) -> Feature {
        Feature {
            name: name.to_owned(),
            location: None,
        }
    }

    #[test]
    fn one_line_an_answer() {
        let (here, there) = (point("54.2019,5.4688"), point("55,6"));
        assert_eq!(
            found(here, &feature("Lantern Keep")),
            "GetFeature 54.2019,5.4688: Lantern Keep"
        );
        assert_eq!(
            found(here, &feature("")),
            "GetFeature 54.2019,5.4688: no feature"
        );
        assert_eq!(
            listed(here, there, &[feature("A"), feature("B")]),
            "ListFeatures 54.2019,5.4688 to 55,6: 2 features: A, B"
        );
        assert_eq!(
            listed(there, there, &[]),
            "ListFeatures 55,6 to 55,6: 0 features"
        );
        assert_eq!(
            recorded(&RouteSummary {
                point_count: 4,
                feature_count: 3,
                distance: 7,
                elapsed_time: 0
            }),
            "RecordRoute: 4 points, 3 features, 7 m in 0 s"
        );
        assert_eq!(chatted(5, &[]), "RouteChat: 5 notes sent, 0 received");
        assert_eq!(
            chatted(5, &[note(there, "x"), note(here, "y")]),
            "RouteChat: 5 notes sent, 2 received, the last at 54.2019,5.4688: y"
        );
    }

    #[test]
    fn a_failure_is_one_line_with_its_innermost_cause() {
        let refused = std::io::Error::other("connection refused");
        assert_eq!(
            reason(&Status::unavailable("redis: no\nanswer")),
            "Unavailable: redis: no answer"
        );
        assert_eq!(
            reason(&Status::from_error(Box::new(refused))),
            "Unknown: connection refused"
        );
    }
}
