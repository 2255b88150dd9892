//! Points, rectangles and distances: all pure, all in ten-millionths of a degree (E7) and metres.

use routeguide::v1::{Point, Rectangle};

/// Redis measures with this radius (`src/geohash_helper.c`), and so do we: metres.
const EARTH_RADIUS: f64 = 6_372_797.560_856;
const E7: f64 = 1e7;
/// What the wire format can say beyond what a globe has.
const LATITUDE_LIMIT: i32 = 900_000_000;
const LONGITUDE_LIMIT: i32 = 1_800_000_000;
/// The end of the square that geo sets of Redis cover (EPSG:3857), in degrees.
pub const GEO_SET_LATITUDE: f64 = 85.051_128_78;

/// A place on the globe. The order is by latitude, then longitude.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    latitude: i32,
    longitude: i32,
}

/// Why a message is not a place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAPlace {
    /// No point where one has to be.
    #[error("location: got none, want a point")]
    Missing,
    /// Not on the globe.
    #[error("latitude: got {0}, want -900000000 to 900000000")]
    Latitude(i32),
    /// Not on the globe.
    #[error("longitude: got {0}, want -1800000000 to 1800000000")]
    Longitude(i32),
}

impl Place {
    /// A place from E7 coordinates.
    ///
    /// # Errors
    /// When a coordinate is not on the globe.
    pub fn try_new(latitude: i32, longitude: i32) -> Result<Self, NotAPlace> {
        if !(-LATITUDE_LIMIT..=LATITUDE_LIMIT).contains(&latitude) {
            return Err(NotAPlace::Latitude(latitude));
        }
        if !(-LONGITUDE_LIMIT..=LONGITUDE_LIMIT).contains(&longitude) {
            return Err(NotAPlace::Longitude(longitude));
        }
        Ok(Self {
            latitude,
            longitude,
        })
    }

    /// Degrees north.
    pub fn latitude_degrees(self) -> f64 {
        f64::from(self.latitude) / E7
    }

    /// Degrees east.
    pub fn longitude_degrees(self) -> f64 {
        f64::from(self.longitude) / E7
    }

    /// The name of the place in Redis, `LATITUDE,LONGITUDE` in E7: exact, unlike a geo set's own
    /// coordinates, which are rounded to 52 bits.
    pub fn key(self) -> String {
        format!("{},{}", self.latitude, self.longitude)
    }

    /// The place that [`Place::key`] names.
    pub fn from_key(key: &str) -> Option<Self> {
        let (latitude, longitude) = key.split_once(',')?;
        Self::try_new(latitude.parse().ok()?, longitude.parse().ok()?).ok()
    }

    /// Great-circle distance in metres (haversine formula).
    pub fn distance(self, other: Self) -> f64 {
        let (from, to) = (
            self.latitude_degrees().to_radians(),
            other.latitude_degrees().to_radians(),
        );
        let east = (other.longitude_degrees() - self.longitude_degrees()).to_radians();
        let (u, v) = (((to - from) / 2.0).sin(), (east / 2.0).sin());
        let a = u * u + from.cos() * to.cos() * v * v;
        2.0 * EARTH_RADIUS * a.sqrt().min(1.0).asin()
    }
}

impl TryFrom<Option<Point>> for Place {
    type Error = NotAPlace;

    fn try_from(point: Option<Point>) -> Result<Self, NotAPlace> {
        let point = point.ok_or(NotAPlace::Missing)?;
        Self::try_new(point.latitude, point.longitude)
    }
}

impl From<Place> for Point {
    fn from(place: Place) -> Self {
        Self {
            latitude: place.latitude,
            longitude: place.longitude,
        }
    }
}

/// A rectangle with its corners sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    south_west: Place,
    north_east: Place,
}

/// What Redis is asked for: a box that holds the bounds and may hold more.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SearchBox {
    /// Degrees east of the centre.
    pub longitude: f64,
    /// Degrees north of the centre.
    pub latitude: f64,
    /// Metres from west to east.
    pub width: f64,
    /// Metres from south to north.
    pub height: f64,
}

impl Bounds {
    /// The bounds between two opposite corners.
    pub fn new(one: Place, other: Place) -> Self {
        Self {
            south_west: Place {
                latitude: one.latitude.min(other.latitude),
                longitude: one.longitude.min(other.longitude),
            },
            north_east: Place {
                latitude: one.latitude.max(other.latitude),
                longitude: one.longitude.max(other.longitude),
            },
        }
    }

    /// Whether the place is inside or on an edge.
    pub fn contains(self, place: Place) -> bool {
        (self.south_west.latitude..=self.north_east.latitude).contains(&place.latitude)
            && (self.south_west.longitude..=self.north_east.longitude).contains(&place.longitude)
    }

    /// The box to search, a little wider than the bounds: Redis rounds coordinates, and the width of
    /// a span of longitudes is that at the latitude nearest the equator. None for bounds that are
    /// wider than a quarter of the globe: Redis misses places at the edges of such boxes.
    pub fn search_box(self) -> Option<SearchBox> {
        const MARGIN: f64 = 1.01;
        const LARGEST: f64 = 90.0;
        let clamp = |degrees: f64| degrees.clamp(-GEO_SET_LATITUDE, GEO_SET_LATITUDE);
        let south = clamp(self.south_west.latitude_degrees());
        let north = clamp(self.north_east.latitude_degrees());
        let west = self.south_west.longitude_degrees();
        let east = self.north_east.longitude_degrees();
        if north - south > LARGEST || east - west > LARGEST {
            return None;
        }
        let widest = if south <= 0.0 && north >= 0.0 {
            0.0
        } else {
            south.abs().min(north.abs())
        };
        let metres = |degrees: f64| degrees.to_radians() * EARTH_RADIUS * MARGIN + 1.0;
        Some(SearchBox {
            longitude: f64::midpoint(west, east),
            latitude: f64::midpoint(south, north),
            width: metres((east - west) * widest.to_radians().cos()),
            height: metres(north - south),
        })
    }
}

impl TryFrom<Rectangle> for Bounds {
    type Error = NotAPlace;

    fn try_from(rectangle: Rectangle) -> Result<Self, NotAPlace> {
        Ok(Self::new(
            rectangle.lo.try_into()?,
            rectangle.hi.try_into()?,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(latitude: i32, longitude: i32) -> Place {
        Place::try_new(latitude, longitude).expect("on the globe")
    }

    #[test]
    fn only_places_on_the_globe() {
        assert_eq!(
            Place::try_new(900_000_001, 0),
            Err(NotAPlace::Latitude(900_000_001))
        );
        assert_eq!(
            Place::try_new(0, -1_800_000_001),
            Err(NotAPlace::Longitude(-1_800_000_001))
        );
        assert_eq!(Place::try_from(None), Err(NotAPlace::Missing));
        assert!(Place::try_new(-900_000_000, 1_800_000_000).is_ok());
    }

    #[test]
    fn a_key_names_its_place() {
        let here = place(-535_200_000, 47_300_001);
        assert_eq!(here.key(), "-535200000,47300001");
        assert_eq!(Place::from_key(&here.key()), Some(here));
        assert_eq!(Place::from_key("1;2"), None);
        assert_eq!(Place::from_key("900000001,0"), None);
    }

    #[test]
    fn a_degree_of_latitude_is_111_km() {
        let degree = place(0, 0).distance(place(10_000_000, 0));
        assert!((degree - 111_226.3).abs() < 0.1, "{degree}");
    }

    #[test]
    fn distances_shrink_with_the_parallel_and_are_the_same_both_ways() {
        let (a, b) = (place(600_000_000, 0), place(600_000_000, 10_000_000));
        assert!((a.distance(b) / 111_226.3 - 0.5).abs() < 0.001);
        assert!((a.distance(b) - b.distance(a)).abs() < 1e-6);
        assert!(a.distance(a) < 1e-9);
    }

    #[test]
    fn half_around_the_globe_is_the_longest_way() {
        let half = place(0, 0).distance(place(0, 1_800_000_000));
        assert!((half - std::f64::consts::PI * EARTH_RADIUS).abs() < 1.0);
    }

    #[test]
    fn corners_come_in_any_order_and_edges_count() {
        let (nw, se) = (place(20, -10), place(-20, 10));
        let bounds = Bounds::new(nw, se);
        assert_eq!(bounds, Bounds::new(place(-20, -10), place(20, 10)));
        for inside in [place(20, 10), place(-20, -10), place(0, 0), place(20, 0)] {
            assert!(bounds.contains(inside), "{inside:?}");
        }
        for outside in [place(21, 0), place(-21, 0), place(0, 11), place(0, -11)] {
            assert!(!bounds.contains(outside), "{outside:?}");
        }
    }

    #[test]
    fn the_search_box_is_as_wide_as_the_widest_parallel() {
        let north = Bounds::new(place(500_000_000, 0), place(600_000_000, 100_000_000));
        let search = north.search_box().expect("is small");
        assert!((search.longitude - 5.0).abs() < 1e-9 && (search.latitude - 55.0).abs() < 1e-9);
        let northern = place(500_000_000, 0).distance(place(500_000_000, 100_000_000));
        assert!(
            search.width > northern && search.width < northern * 1.02,
            "{search:?}"
        );

        let across = Bounds::new(place(-100_000_000, 0), place(600_000_000, 100_000_000));
        let equator = place(0, 0).distance(place(0, 100_000_000));
        assert!(across.search_box().expect("is small").width > equator);
    }

    #[test]
    fn the_search_box_stays_where_redis_can_look() {
        let pole = Bounds::new(place(860_000_000, 0), place(900_000_000, 10));
        let search = pole.search_box().expect("is small");
        assert!(
            search.latitude <= GEO_SET_LATITUDE && search.height >= 1.0,
            "{search:?}"
        );
    }

    #[test]
    fn there_is_no_box_for_half_a_globe() {
        let wide = Bounds::new(place(0, -460_000_000), place(10, 460_000_000));
        let high = Bounds::new(place(-460_000_000, 0), place(460_000_000, 10));
        assert_eq!((wide.search_box(), high.search_box()), (None, None));
    }
}
