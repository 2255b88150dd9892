//! The server: health, the four calls, what it keeps in Redis, its way through an outage, its end.

use super::program::{Program, output};
use super::redis::Redis;
use super::{free_port, until};
use routeguide::v1::route_guide_client::RouteGuideClient;
use routeguide::v1::{Feature, Point, Rectangle, RouteNote, RouteSummary};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::path::Path;
use tokio::runtime::Runtime;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

/// The notes that a server keeps of one place.
const KEPT: usize = 100;

/// Fails where the program is no server.
pub fn run(program: &Path, features: &Path) {
    usage(program);
    let folder = tempfile::tempdir().expect("a folder");
    let fixture = read(features);
    let (port, redis_port) = (free_port(), free_port());
    let arguments = [
        format!("--port={port}"),
        format!("--redis=127.0.0.1:{redis_port}"),
        format!("--features={}", features.display()),
    ];
    let mut server = Program::start(program, &arguments, folder.path());
    let mut guide = Guide::new(port);
    without_redis(&mut guide, &fixture);

    let redis = Redis::start(redis_port, folder.path());
    assert_eq!(redis.address(), format!("127.0.0.1:{redis_port}"));
    until("readiness is SERVING", || {
        guide.is_not("readiness", ServingStatus::Serving)
    });
    stored(&redis, &fixture);
    get_feature(&mut guide, &fixture);
    list_features(&mut guide, &fixture);
    record_route(&mut guide);
    route_chat(&mut guide, &redis);

    redis.kill();
    until("readiness follows Redis", || {
        guide.is_not("readiness", ServingStatus::NotServing)
    });
    assert_eq!(
        guide.is_not("liveness", ServingStatus::Serving),
        None,
        "it restarts for nobody"
    );
    let redis = Redis::start(redis_port, folder.path());
    until("readiness is SERVING again", || {
        guide.is_not("readiness", ServingStatus::Serving)
    });
    stored(&redis, &fixture);
    get_feature(&mut guide, &fixture);

    server.signal("TERM");
    until("it ends", || {
        (server.ended() != Some(0)).then(|| format!("{:?}", server.ended()))
    });
}

/// What cannot be is said, and how it would be.
fn usage(program: &Path) {
    for wrong in ["redis", "redis:0", ":6379", "redis:70000"] {
        let output = output(program, &[&format!("--redis={wrong}"), "--port=1"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let want = format!("error: --redis: got \"{wrong}\", want host:port");
        assert_eq!(
            (output.status.code(), said.contains(&want)),
            (Some(2), true),
            "{said}"
        );
    }
}

/// It lives, and says why it cannot answer.
fn without_redis(guide: &mut Guide, fixture: &[Feature]) {
    until("liveness is SERVING", || {
        guide.is_not("liveness", ServingStatus::Serving)
    });
    assert_eq!(guide.is_not("readiness", ServingStatus::NotServing), None);
    let error = guide
        .feature(at(&fixture[0]))
        .expect_err("there is no Redis");
    assert_eq!(error.code(), Code::Unavailable, "{error}");
}

/// What is in Redis is what every other server finds there.
fn stored(redis: &Redis, fixture: &[Feature]) {
    let mut hash = Sha256::new();
    for feature in fixture {
        let Point {
            latitude,
            longitude,
        } = at(feature);
        hash.update(format!("{latitude},{longitude} {:?}\n", feature.name));
    }
    let fingerprint = hash
        .finalize()
        .iter()
        .fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
    let ask = |command: &str| redis.ask(command).expect("an answer");
    assert_eq!(ask("GET {routeguide:features}:fixture")[1], fingerprint);
    let count = format!(":{}", fixture.len());
    assert_eq!(ask("ZCARD {routeguide:features}:places")[0], count);
    assert_eq!(ask("HLEN {routeguide:features}:names")[0], count);
    let Point {
        latitude,
        longitude,
    } = at(&fixture[0]);
    let name = ask(&format!(
        "HGET {{routeguide:features}}:names {latitude},{longitude}"
    ));
    assert_eq!(name[1], fixture[0].name);
    let places = ask(&format!(
        "GEOSEARCH {{routeguide:features}}:places FROMMEMBER {latitude},{longitude} BYRADIUS 1 m"
    ));
    assert_eq!(places[2], format!("{latitude},{longitude}"));
}

fn get_feature(guide: &mut Guide, fixture: &[Feature]) {
    for feature in fixture {
        assert_eq!(guide.feature(at(feature)).expect("an answer"), *feature);
    }
    let nowhere = point(540_000_000, 60_000_000);
    let nothing = Feature {
        name: String::new(),
        location: Some(nowhere),
    };
    assert_eq!(guide.feature(nowhere).expect("an answer"), nothing);
    let wrong = [
        (
            point(900_000_001, 0),
            "latitude: got 900000001, want -900000000 to 900000000",
        ),
        (
            point(0, -1_800_000_001),
            "longitude: got -1800000001, want -1800000000 to 1800000000",
        ),
    ];
    for (wrong, reason) in wrong {
        refused(
            &guide.feature(wrong).expect_err("it is not on the globe"),
            reason,
        );
    }
}

fn list_features(guide: &mut Guide, fixture: &[Feature]) {
    let all = (
        point(-900_000_000, -1_800_000_000),
        point(900_000_000, 1_800_000_000),
    );
    let (first, last) = (at(&fixture[0]), at(&fixture[fixture.len() - 1]));
    let rectangles = [
        all,
        // The corners in any order.
        (
            point(539_000_000, 50_000_000),
            point(545_000_000, 65_000_000),
        ),
        (
            point(545_000_000, 50_000_000),
            point(539_000_000, 65_000_000),
        ),
        // Edges count; a rectangle may be a point.
        (first, last),
        (first, first),
        (
            point(first.latitude + 1, first.longitude),
            point(first.latitude + 1, first.longitude),
        ),
        (point(-10, -10), point(10, 10)),
    ];
    for (lo, hi) in rectangles {
        let want: Vec<Feature> = fixture
            .iter()
            .filter(|one| is_between(at(one), lo, hi))
            .cloned()
            .collect();
        assert_eq!(
            guide.features(Some(lo), Some(hi)).expect("an answer"),
            want,
            "{lo:?} {hi:?}"
        );
    }
    assert!(fixture.len() > 10, "there is something to find");
    let none = guide
        .features(None, Some(first))
        .expect_err("there is no corner");
    refused(&none, "location: got none, want a point");
}

fn record_route(guide: &mut Guide) {
    let degree = 10_000_000;
    let there_and_back = [point(0, 0), point(degree, 0), point(0, 0)];
    let mut summary = guide.route(&there_and_back).expect("an answer");
    summary.elapsed_time = 0;
    let want = RouteSummary {
        point_count: 3,
        feature_count: 0,
        distance: 222_453,
        elapsed_time: 0,
    };
    assert_eq!(summary, want);
    assert_eq!(
        guide.route(&[]).expect("an answer"),
        RouteSummary::default()
    );
    refused(
        &guide
            .route(&[point(0, 0), point(900_000_001, 0)])
            .expect_err("it is not on the globe"),
        "latitude: got 900000001, want -900000000 to 900000000",
    );
}

fn route_chat(guide: &mut Guide, redis: &Redis) {
    let (here, there) = (point(1, 2), point(3, 4));
    let note = |location, message: &str| RouteNote {
        location: Some(location),
        message: message.to_owned(),
    };
    let sent = [
        note(here, "a"),
        note(there, "b"),
        note(here, "c"),
        note(here, "d"),
    ];
    let want = [note(here, "a"), note(here, "a"), note(here, "c")];
    assert_eq!(guide.chat(&sent).expect("an answer"), want);
    assert_eq!(
        guide.chat(&[note(there, "e")]).expect("an answer"),
        [note(there, "b")]
    );

    let many: Vec<_> = (0..KEPT + 5).map(|n| note(here, &n.to_string())).collect();
    guide.chat(&many).expect("an answer");
    let kept = guide.chat(&[note(here, "last")]).expect("an answer");
    assert_eq!(kept, many[5..], "the latest hundred, oldest first");
    let length = redis.ask("LLEN routeguide:notes:1,2").expect("an answer");
    assert_eq!(length[0], format!(":{KEPT}"));
    let nowhere = RouteNote {
        location: None,
        message: "x".to_owned(),
    };
    refused(
        &guide.chat(&[nowhere]).expect_err("no place"),
        "location: got none, want a point",
    );
}

#[track_caller]
fn refused(status: &Status, reason: &str) {
    assert_eq!(
        (status.code(), status.message()),
        (Code::InvalidArgument, reason)
    );
}

/// A connection to the server.
struct Guide {
    runtime: Runtime,
    routes: RouteGuideClient<Channel>,
    health: HealthClient<Channel>,
}

impl Guide {
    fn new(port: u16) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let runtime = runtime.expect("a runtime");
        let url = format!("http://127.0.0.1:{port}");
        let channel = Channel::from_shared(url).expect("a URL");
        let channel = runtime.block_on(async { channel.connect_lazy() });
        Self {
            runtime,
            routes: RouteGuideClient::new(channel.clone()),
            health: HealthClient::new(channel),
        }
    }

    /// What the health service says, if not this.
    fn is_not(&mut self, service: &str, want: ServingStatus) -> Option<String> {
        let request = HealthCheckRequest {
            service: service.to_owned(),
        };
        match self.runtime.block_on(self.health.check(request)) {
            Ok(answer) if answer.get_ref().status() == want => None,
            Ok(answer) => Some(format!("{:?}", answer.get_ref().status())),
            Err(error) => Some(error.to_string()),
        }
    }

    fn feature(&mut self, at: Point) -> Result<Feature, Status> {
        Ok(self
            .runtime
            .block_on(self.routes.get_feature(at))?
            .into_inner())
    }

    fn features(&mut self, lo: Option<Point>, hi: Option<Point>) -> Result<Vec<Feature>, Status> {
        self.runtime.block_on(async {
            let answers = self.routes.list_features(Rectangle { lo, hi }).await?;
            collect(answers.into_inner()).await
        })
    }

    fn route(&mut self, points: &[Point]) -> Result<RouteSummary, Status> {
        let points = tokio_stream::iter(points.to_vec());
        Ok(self
            .runtime
            .block_on(self.routes.record_route(points))?
            .into_inner())
    }

    fn chat(&mut self, notes: &[RouteNote]) -> Result<Vec<RouteNote>, Status> {
        let notes = tokio_stream::iter(notes.to_vec());
        self.runtime.block_on(async {
            let answers = self.routes.route_chat(notes).await?;
            collect(answers.into_inner()).await
        })
    }
}

async fn collect<T>(mut answers: tonic::Streaming<T>) -> Result<Vec<T>, Status> {
    let mut all = Vec::new();
    while let Some(answer) = answers.message().await? {
        all.push(answer);
    }
    Ok(all)
}

fn point(latitude: i32, longitude: i32) -> Point {
    Point {
        latitude,
        longitude,
    }
}

fn at(feature: &Feature) -> Point {
    feature.location.expect("a feature is somewhere")
}

fn is_between(at: Point, one: Point, other: Point) -> bool {
    let is_in = |x, a: i32, b: i32| (a.min(b)..=a.max(b)).contains(&x);
    is_in(at.latitude, one.latitude, other.latitude)
        && is_in(at.longitude, one.longitude, other.longitude)
}

/// The features of a fixture, by place.
#[track_caller]
fn read(features: &Path) -> Vec<Feature> {
    let text = std::fs::read_to_string(features).expect("the fixture is a runfile");
    let entries: Vec<Value> = serde_json::from_str(&text).expect("a list");
    let e7 = |entry: &Value, name: &str| {
        let e7 = entry["location"][name].as_i64().expect("E7");
        i32::try_from(e7).expect("E7")
    };
    let feature = |entry: &Value| Feature {
        name: entry["name"].as_str().expect("a name").to_owned(),
        location: Some(point(e7(entry, "latitude"), e7(entry, "longitude"))),
    };
    let mut features: Vec<Feature> = entries.iter().map(feature).collect();
    features.sort_by_key(|feature| (at(feature).latitude, at(feature).longitude));
    features
}
