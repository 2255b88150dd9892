package windlass.examples.server;

import com.google.gson.Gson;
import com.google.gson.JsonParseException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import routeguide.v1.Routeguide.Point;
import windlass.examples.server.Geometry.NotAPlace;
import windlass.examples.server.Geometry.Place;

/** The feature data of a file, in the order of places. */
record Fixture(TreeMap<Place, String> features) {
  private record Location(int latitude, int longitude) {}

  private record Entry(Location location, String name) {}

  /** Reads a list of {@code {"location": {"latitude": E7, "longitude": E7}, "name": "..."}}. */
  static Fixture read(Path path) throws IOException {
    Entry[] entries;
    try {
      entries = new Gson().fromJson(Files.readString(path), Entry[].class);
    } catch (JsonParseException error) {
      throw new IOException("not a list of features", error);
    }
    var features = new TreeMap<Place, String>();
    for (Entry entry : entries) {
      Place place = place(entry);
      if (entry.name().isEmpty()) {
        continue; // Nothing is there.
      }
      String other = features.put(place, entry.name());
      if (other != null) {
        throw new IOException(
            "features %s and %s: both are at %s, want one a place"
                .formatted(quoted(other), quoted(entry.name()), place.key()));
      }
    }
    return new Fixture(features);
  }

  private static Place place(Entry entry) throws IOException {
    try {
      Location location = entry.location();
      var point = Point.newBuilder();
      if (location != null) {
        point.setLatitude(location.latitude()).setLongitude(location.longitude());
      }
      Place place = Place.of(location != null, point.build());
      if (Math.abs(place.north()) > Geometry.GEO_SET_LATITUDE) {
        throw new NotAPlace(
            "latitude: got %s, want -85.0511287 to 85.0511287 degrees".formatted(place.north()));
      }
      return place;
    } catch (NotAPlace error) {
      throw new IOException("feature " + quoted(entry.name()) + ": " + error.getMessage());
    }
  }

  /** Equal when the data is, whatever language the server is written in. */
  String fingerprint() {
    try {
      var hash = MessageDigest.getInstance("SHA-256");
      for (Map.Entry<Place, String> feature : features.entrySet()) {
        String line = feature.getKey().key() + " " + quoted(feature.getValue()) + "\n";
        hash.update(line.getBytes(StandardCharsets.UTF_8));
      }
      return HexFormat.of().formatHex(hash.digest());
    } catch (NoSuchAlgorithmException error) {
      throw new IllegalStateException("every Java has SHA-256", error);
    }
  }

  private static String quoted(String text) {
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }
}
