//! The feature data as a file: read once at start, checked as a whole.
//!
//! The format is that of gRPC's own route guide examples, so their files work here too: a list of
//! `{"location": {"latitude": E7, "longitude": E7}, "name": "..."}`. Entries with an empty name say
//! that nothing is there, and are left out.

use crate::geometry::{GEO_SET_LATITUDE, NotAPlace, Place};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The features of a file, by place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixture {
    features: BTreeMap<Place, String>,
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not JSON of this shape.
    #[error("not a list of features")]
    Json(#[from] serde_json::Error),
    /// A location is not on the globe.
    #[error("feature {name:?}")]
    Place {
        /// The feature's name.
        name: String,
        /// What is wrong with its location.
        source: NotAPlace,
    },
    /// Redis keeps no places this near to a pole.
    #[error("feature {name:?}: latitude: got {latitude}, want -85.0511287 to 85.0511287 degrees")]
    Pole {
        /// The feature's name.
        name: String,
        /// Degrees.
        latitude: f64,
    },
    /// Two features at one place.
    #[error("features {one:?} and {other:?}: both are at {at}, want one a place")]
    Twice {
        /// The name that came first.
        one: String,
        /// The name that came later.
        other: String,
        /// The place, as in Redis.
        at: String,
    },
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    location: Location,
    name: String,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Location {
    latitude: i32,
    longitude: i32,
}

impl Fixture {
    /// Parses a file's text.
    ///
    /// # Errors
    /// See [`Error`]; the first thing that is wrong.
    pub fn try_new(json: &str) -> Result<Self, Error> {
        let mut features = BTreeMap::new();
        for Entry { location, name } in serde_json::from_str::<Vec<Entry>>(json)? {
            let place = match Place::try_new(location.latitude, location.longitude) {
                Ok(place) => place,
                Err(source) => return Err(Error::Place { name, source }),
            };
            if place.latitude_degrees().abs() > GEO_SET_LATITUDE {
                return Err(Error::Pole {
                    name,
                    latitude: place.latitude_degrees(),
                });
            }
            if name.is_empty() {
                continue;
            }
            if let Some(one) = features.insert(place, name.clone()) {
                return Err(Error::Twice {
                    one,
                    other: name,
                    at: place.key(),
                });
            }
        }
        Ok(Self { features })
    }

    /// The features in the order of their places.
    pub fn features(&self) -> &BTreeMap<Place, String> {
        &self.features
    }

    /// SHA-256 of places and names, in hexadecimal: equal when the data is, however the file is laid out.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        for (place, name) in &self.features {
            hash.update(format!("{} {name:?}\n", place.key()));
        }
        hash.finalize()
            .iter()
            .fold(String::new(), |mut text, byte| {
                let _ = write!(text, "{byte:02x}");
                text
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = r#"[
        {"location": {"latitude": 20, "longitude": -10}, "name": "b"},
        {"location": {"latitude": 10, "longitude": -10}, "name": "a"},
        {"location": {"latitude": 30, "longitude": -10}, "name": ""}
    ]"#;

    #[test]
    fn named_features_in_order_of_place() {
        let fixture = Fixture::try_new(TWO).expect("parses");
        assert_eq!(fixture.features().values().collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn the_fingerprint_follows_the_data_and_not_the_layout() {
        let one = Fixture::try_new(TWO).expect("parses");
        let same = Fixture::try_new(
            r#"[{"name":"a","location":{"latitude":10,"longitude":-10}},
                {"name":"b","location":{"latitude":20,"longitude":-10}}]"#,
        );
        let other = Fixture::try_new(&TWO.replace("\"a\"", "\"A\"")).expect("parses");
        assert_eq!(one.fingerprint(), same.expect("parses").fingerprint());
        assert_ne!(one.fingerprint(), other.fingerprint());
        assert_eq!(one.fingerprint().len(), 64);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let text = |json: &str| Fixture::try_new(json).expect_err(json).to_string();
        assert_eq!(text("{}"), "not a list of features");
        assert_eq!(
            text(r#"[{"name": "x", "location": {}}]"#),
            "not a list of features"
        );
        assert_eq!(
            text(r#"[{"name": "x", "location": {"latitude": 900000001, "longitude": 0}}]"#),
            "feature \"x\""
        );
        assert_eq!(
            text(r#"[{"name": "x", "location": {"latitude": 860000000, "longitude": 0}}]"#),
            "feature \"x\": latitude: got 86, want -85.0511287 to 85.0511287 degrees"
        );
        assert_eq!(
            text(&TWO.replace("\"latitude\": 20", "\"latitude\": 10")),
            "features \"b\" and \"a\": both are at 10,-10, want one a place"
        );
    }

    #[test]
    fn the_fixture_of_this_service_holds() {
        let fixture = Fixture::try_new(include_str!("../features.json")).expect("parses");
        assert!(fixture.features().len() > 10);
    }
}
