//! The lines that the client logs, computed from a fixture and not from the server.

use serde_json::Value;
use std::path::Path;

/// Radius of the earth in metres, as Redis has it.
const RADIUS: f64 = 6_372_797.560_856;

/// The client's default places, in degrees.
const PLACE: (f64, f64) = (54.2019, 5.4688);
const CORNERS: [(f64, f64); 2] = [(53.9, 5.0), (54.5, 6.5)];
const ROUTE: [(f64, f64); 4] = [
    (54.2019, 5.4688),
    (54.2257, 5.5412),
    (54.0, 6.0),
    (54.0704, 6.3191),
];

/// A feature: latitude and longitude in degrees, and its name.
struct Feature {
    at: (f64, f64),
    name: String,
}

/// Parts of the log's lines, one for each call and both answers of `GetFeature`.
#[track_caller]
pub(crate) fn lines(fixture: &Path) -> Vec<String> {
    let features = read(fixture);
    let feature_at = |place: (f64, f64)| features.iter().find(|feature| near(feature.at, place));
    let place = feature_at(PLACE).expect("the fixture has a feature at the client's place");
    let mut inside: Vec<&Feature> = features
        .iter()
        .filter(|feature| is_inside(feature.at))
        .collect();
    inside.sort_by(|a, b| a.at.partial_cmp(&b.at).expect("numbers"));
    let names: Vec<&str> = inside.iter().map(|feature| feature.name.as_str()).collect();
    let on_route = ROUTE
        .iter()
        .filter(|place| feature_at(**place).is_some())
        .count();
    let distance: f64 = ROUTE.windows(2).map(|pair| metres(pair[0], pair[1])).sum();
    vec![
        format!("GetFeature 54.2019,5.4688: {}", place.name),
        "GetFeature 54,6: no feature".to_owned(),
        format!(
            "ListFeatures 53.9,5 to 54.5,6.5: {} features: {}",
            names.len(),
            names.join(", ")
        ),
        format!("RecordRoute: 4 points, {on_route} features, {distance:.0} m in"),
        "RouteChat: 5 notes sent, ".to_owned(),
        " received, the last at 54.2019,5.4688: passed by in iteration".to_owned(),
    ]
}

#[track_caller]
fn read(fixture: &Path) -> Vec<Feature> {
    let text = std::fs::read_to_string(fixture).expect("the fixture is a runfile");
    let features: Value = serde_json::from_str(&text).expect("JSON");
    let degrees =
        |feature: &Value, name: &str| feature["location"][name].as_f64().expect("E7") / 1e7;
    let feature = |feature: &Value| Feature {
        at: (degrees(feature, "latitude"), degrees(feature, "longitude")),
        name: feature["name"].as_str().expect("a name").to_owned(),
    };
    features
        .as_array()
        .expect("a list")
        .iter()
        .map(feature)
        .collect()
}

fn near(a: (f64, f64), b: (f64, f64)) -> bool {
    (a.0 - b.0).abs() < 1e-7 && (a.1 - b.1).abs() < 1e-7
}

fn is_inside(at: (f64, f64)) -> bool {
    let [low, high] = CORNERS;
    (low.0..=high.0).contains(&at.0) && (low.1..=high.1).contains(&at.1)
}

/// Great-circle distance by the haversine formula.
fn metres(a: (f64, f64), b: (f64, f64)) -> f64 {
    let (from, to) = (a.0.to_radians(), b.0.to_radians());
    let half = |x: f64| (x / 2.0).sin().powi(2);
    let h = half(to - from) + from.cos() * to.cos() * half((b.1 - a.1).to_radians());
    2.0 * RADIUS * h.sqrt().asin()
}
