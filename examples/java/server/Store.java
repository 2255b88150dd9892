package windlass.examples.server;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.apache.commons.pool2.impl.GenericObjectPoolConfig;
import redis.clients.jedis.Connection;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.JedisCluster;
import redis.clients.jedis.Transaction;
import redis.clients.jedis.args.GeoUnit;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.params.GeoSearchParam;
import redis.clients.jedis.util.JedisClusterCRC16;
import windlass.examples.server.Geometry.Bounds;
import windlass.examples.server.Geometry.Place;
import windlass.examples.server.Geometry.SearchBox;

/**
 * The Redis cluster, as far as this service uses it. Its keys are those of //services/server, so
 * that one server can take the place of the other.
 */
final class Store {
  private static final String PLACES = "{routeguide:features}:places";
  private static final String NAMES = "{routeguide:features}:names";
  private static final String FIXTURE = "{routeguide:features}:fixture";
  private static final String NOTES = "routeguide:notes:";

  /** Notes kept at one place. */
  private static final int KEPT = 100;

  /** One node's answer, or one connection: milliseconds. */
  private static final int NODE_TIMEOUT = 1000;

  /** One call, with all tries: shorter than what callers wait, so that they learn the reason. */
  private static final Duration CALL_TIMEOUT = Duration.ofSeconds(4);

  private final HostAndPort seed;
  private JedisCluster cluster;
  private volatile boolean loaded;

  Store(HostAndPort seed) {
    this.seed = seed;
  }

  /** Always a reason to try again later. */
  static final class Unavailable extends Exception {
    Unavailable(String message) {
      super(message);
    }
  }

  private static DefaultJedisClientConfig config() {
    return DefaultJedisClientConfig.builder()
        .connectionTimeoutMillis(NODE_TIMEOUT)
        .socketTimeoutMillis(NODE_TIMEOUT)
        .build();
  }

  /** Redis may not be there when this process starts, so the cluster is looked for at first use. */
  private synchronized JedisCluster cluster() {
    if (cluster == null) {
      var pool = new GenericObjectPoolConfig<Connection>();
      pool.setMaxWait(Duration.ofMillis(NODE_TIMEOUT));
      cluster = new JedisCluster(Set.of(seed), config(), 5, CALL_TIMEOUT.dividedBy(2), pool);
    }
    return cluster;
  }

  /** Whoever has met a cluster that is no more looks for it again. */
  private synchronized void forget(JedisCluster old) {
    if (cluster == old && old != null) {
      cluster = null;
      old.close();
    }
  }

  private <T> T ask(Function<JedisCluster, T> question) throws Unavailable {
    long end = System.nanoTime() + CALL_TIMEOUT.toNanos();
    while (true) {
      JedisCluster asked = null;
      try {
        asked = cluster();
        return question.apply(asked);
      } catch (JedisException error) {
        forget(asked);
        if (System.nanoTime() >= end) {
          throw new Unavailable("redis: " + error.getMessage());
        }
      }
      pause();
    }
  }

  private static void pause() throws Unavailable {
    try {
      Thread.sleep(100);
    } catch (InterruptedException error) {
      throw new Unavailable("ending");
    }
  }

  /** What is done in one step with keys of one shard: it has its connection back when closed. */
  private static Transaction transaction(JedisCluster redis, String key) {
    Connection shard = redis.getConnectionFromSlot(JedisClusterCRC16.getSlot(key));
    return new Transaction(shard, true, true);
  }

  /** Puts the fixture into Redis unless it is there. Gives whether anything was written. */
  boolean load(Fixture fixture) throws Unavailable {
    String fingerprint = fixture.fingerprint();
    boolean write = !fingerprint.equals(ask(redis -> redis.get(FIXTURE)));
    if (write) {
      ask(
          redis -> {
            // The three keys share a hash tag, hence a shard, so that they change in one step.
            try (var transaction = transaction(redis, FIXTURE)) {
              transaction.del(PLACES);
              transaction.del(NAMES);
              for (Map.Entry<Place, String> feature : fixture.features().entrySet()) {
                Place place = feature.getKey();
                transaction.geoadd(PLACES, place.east(), place.north(), place.key());
                transaction.hset(NAMES, place.key(), feature.getValue());
              }
              transaction.set(FIXTURE, fingerprint);
              return transaction.exec();
            }
          });
    }
    loaded = true;
    return write;
  }

  /**
   * One round trip, as readiness needs it: the seed answers, and so does the shard that holds the
   * features. Gives whether these are there.
   */
  boolean check() throws Unavailable {
    // A new connection each time: that is what shows whether the seed leads anywhere.
    try (var redis = new Jedis(seed, config())) {
      redis.ping();
    } catch (JedisException error) {
      throw new Unavailable("redis: " + error.getMessage());
    }
    boolean there = ask(redis -> redis.exists(FIXTURE));
    loaded &= there;
    return there;
  }

  private void requireLoaded() throws Unavailable {
    if (!loaded) {
      throw new Unavailable("features are not loaded yet");
    }
  }

  /** The name of the feature at a place, or null. */
  String feature(Place place) throws Unavailable {
    requireLoaded();
    return ask(redis -> redis.hget(NAMES, place.key()));
  }

  /** A place with its name. */
  record Feature(Place place, String name) {}

  /** The features within bounds, ordered by place. */
  List<Feature> features(Bounds bounds) throws Unavailable {
    requireLoaded();
    List<Place> places =
        search(bounds).stream().map(Place::fromKey).filter(bounds::contains).sorted().toList();
    var found = new ArrayList<Feature>();
    if (places.isEmpty()) {
      return found;
    }
    String[] keys = places.stream().map(Place::key).toArray(String[]::new);
    List<String> names = ask(redis -> redis.hmget(NAMES, keys));
    for (int i = 0; i < keys.length; i++) {
      if (names.get(i) != null) {
        found.add(new Feature(places.get(i), names.get(i)));
      }
    }
    return found;
  }

  private List<String> search(Bounds bounds) throws Unavailable {
    SearchBox box = bounds.searchBox();
    if (box == null) {
      return ask(redis -> redis.zrange(PLACES, 0, -1));
    }
    var within =
        GeoSearchParam.geoSearchParam()
            .fromLonLat(box.longitude(), box.latitude())
            .byBox(box.width(), box.height(), GeoUnit.M);
    return ask(
        redis ->
            redis.geosearch(PLACES, within).stream()
                .map(found -> found.getMemberByString())
                .toList());
  }

  /** Keeps a note, and gives those that were at its place before, oldest first. */
  @SuppressWarnings("unchecked")
  List<String> leaveNote(Place place, String message) throws Unavailable {
    String key = NOTES + place.key();
    return ask(
        redis -> {
          try (var transaction = transaction(redis, key)) {
            transaction.lrange(key, 0, -1);
            transaction.rpush(key, message);
            transaction.ltrim(key, -KEPT, -1);
            return (List<String>) transaction.exec().get(0);
          }
        });
  }
}
