package windlass.examples.server;

import routeguide.v1.Routeguide.Point;
import routeguide.v1.Routeguide.Rectangle;

/** Points, rectangles and distances: in ten-millionths of a degree and metres. */
final class Geometry {
  /** Redis measures with this radius, and so do we. */
  private static final double EARTH_RADIUS = 6372797.560856;

  /** The end of the square that geo sets of Redis cover, in degrees. */
  static final double GEO_SET_LATITUDE = 85.05112878;

  private static final double E7 = 1e7;

  private Geometry() {}

  /** Why a message is not a place. */
  static final class NotAPlace extends Exception {
    NotAPlace(String message) {
      super(message);
    }
  }

  /** A place on the globe. The order is by latitude, then longitude. */
  record Place(int latitude, int longitude) implements Comparable<Place> {
    static Place of(boolean isThere, Point point) throws NotAPlace {
      if (!isThere) {
        throw new NotAPlace("location: got none, want a point");
      }
      check("latitude", point.getLatitude(), 900000000);
      check("longitude", point.getLongitude(), 1800000000);
      return new Place(point.getLatitude(), point.getLongitude());
    }

    private static void check(String what, int got, int limit) throws NotAPlace {
      if (got < -limit || got > limit) {
        throw new NotAPlace("%s: got %d, want %d to %d".formatted(what, got, -limit, limit));
      }
    }

    /** The name of the place in Redis: exact, unlike a geo set's own coordinates. */
    String key() {
      return latitude + "," + longitude;
    }

    static Place fromKey(String key) {
      String[] parts = key.split(",");
      return new Place(Integer.parseInt(parts[0]), Integer.parseInt(parts[1]));
    }

    double north() {
      return latitude / E7;
    }

    double east() {
      return longitude / E7;
    }

    Point point() {
      return Point.newBuilder().setLatitude(latitude).setLongitude(longitude).build();
    }

    /** Great-circle distance in metres (haversine formula). */
    double distance(Place other) {
      double from = Math.toRadians(north());
      double to = Math.toRadians(other.north());
      double u = Math.sin((to - from) / 2);
      double v = Math.sin(Math.toRadians(other.east() - east()) / 2);
      double a = u * u + Math.cos(from) * Math.cos(to) * v * v;
      return 2 * EARTH_RADIUS * Math.asin(Math.min(Math.sqrt(a), 1));
    }

    @Override
    public int compareTo(Place other) {
      return latitude != other.latitude
          ? Integer.compare(latitude, other.latitude)
          : Integer.compare(longitude, other.longitude);
    }
  }

  /** A rectangle with its corners sorted. */
  record Bounds(Place southWest, Place northEast) {
    static Bounds of(Rectangle rectangle) throws NotAPlace {
      Place one = Place.of(rectangle.hasLo(), rectangle.getLo());
      Place other = Place.of(rectangle.hasHi(), rectangle.getHi());
      return new Bounds(
          new Place(
              Math.min(one.latitude, other.latitude), Math.min(one.longitude, other.longitude)),
          new Place(
              Math.max(one.latitude, other.latitude), Math.max(one.longitude, other.longitude)));
    }

    boolean contains(Place place) {
      return southWest.latitude <= place.latitude
          && place.latitude <= northEast.latitude
          && southWest.longitude <= place.longitude
          && place.longitude <= northEast.longitude;
    }

    /**
     * What Redis is asked for, a little more than the bounds. Null for bounds that are wider than a
     * quarter of the globe: Redis misses places at the edges of such boxes.
     */
    SearchBox searchBox() {
      double south = clamp(southWest.north());
      double north = clamp(northEast.north());
      double west = southWest.east();
      double east = northEast.east();
      if (north - south > 90 || east - west > 90) {
        return null;
      }
      double widest = south <= 0 && north >= 0 ? 0 : Math.min(Math.abs(south), Math.abs(north));
      return new SearchBox(
          (west + east) / 2,
          (south + north) / 2,
          metres((east - west) * Math.cos(Math.toRadians(widest))),
          metres(north - south));
    }

    private static double clamp(double degrees) {
      return Math.max(-GEO_SET_LATITUDE, Math.min(degrees, GEO_SET_LATITUDE));
    }

    private static double metres(double degrees) {
      return Math.toRadians(degrees) * EARTH_RADIUS * 1.01 + 1;
    }
  }

  /** A centre in degrees and a size in metres. */
  record SearchBox(double longitude, double latitude, double width, double height) {}
}
