//! Points as one types and reads them: `LATITUDE,LONGITUDE` in degrees.

use routeguide::v1;
use std::fmt;
use std::str::FromStr;

const E7: i64 = 10_000_000;

/// A point on the globe, in E7 as on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    latitude: i32,
    longitude: i32,
}

/// Why a text is not a point.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("got {0:?}, want LATITUDE,LONGITUDE in degrees, such as 54.2019,5.4688")]
pub struct NotAPoint(String);

impl FromStr for Point {
    type Err = NotAPoint;

    fn from_str(text: &str) -> Result<Self, NotAPoint> {
        text.split_once(',')
            .and_then(|(latitude, longitude)| {
                Some(Self {
                    latitude: e7(latitude, 90.0)?,
                    longitude: e7(longitude, 180.0)?,
                })
            })
            .ok_or_else(|| NotAPoint(text.to_owned()))
    }
}

fn e7(text: &str, limit: f64) -> Option<i32> {
    let degrees: f64 = text.trim().parse().ok()?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the limit is far below that of an i32"
    )]
    let e7 = (degrees * 1e7).round() as i32;
    (degrees.abs() <= limit).then_some(e7)
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", degrees(self.latitude), degrees(self.longitude))
    }
}

/// Degrees without a rounding: `542019000` is `54.2019`.
fn degrees(e7: i32) -> String {
    let (sign, e7) = (if e7 < 0 { "-" } else { "" }, i64::from(e7).abs());
    let text = format!("{sign}{}.{:07}", e7 / E7, e7 % E7);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl From<Point> for v1::Point {
    fn from(point: Point) -> Self {
        Self {
            latitude: point.latitude,
            longitude: point.longitude,
        }
    }
}

impl From<v1::Point> for Point {
    fn from(point: v1::Point) -> Self {
        Self {
            latitude: point.latitude,
            longitude: point.longitude,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degrees_go_in_and_come_out_exactly() {
        for text in [
            "54.2019,5.4688",
            "-0.0000001,180",
            "0,-179.9999999",
            "54,6",
            "100,0",
        ] {
            let parsed = text.parse::<Point>().map(|point| point.to_string());
            let want = (text != "100,0").then(|| text.to_owned());
            assert_eq!(parsed.ok(), want, "{text}");
        }
    }

    #[test]
    fn the_wire_has_ten_millionths() {
        let point: Point = "54.2019, 5.4688".parse().expect("parses");
        assert_eq!(
            v1::Point::from(point),
            v1::Point {
                latitude: 542_019_000,
                longitude: 54_688_000
            }
        );
    }

    #[test]
    fn anything_else_is_refused_with_what_would_do() {
        for text in ["", "54", "54;6", "91,0", "0,181", "NaN,0", "x,y", "1,2,3"] {
            let error = text.parse::<Point>().expect_err(text);
            assert!(
                error
                    .to_string()
                    .starts_with(&format!("got {text:?}, want LATITUDE,"))
            );
        }
    }
}
