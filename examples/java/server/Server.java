package windlass.examples.server;

import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.protobuf.services.HealthStatusManager;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import redis.clients.jedis.HostAndPort;
import windlass.examples.Arguments;
import windlass.examples.Log;

/**
 * The server in Java: what //services/server does, with the same arguments and the same keys in
 * Redis.
 *
 * <p>The port is open and `liveness` is SERVING at once; `readiness` follows Redis, and no state of
 * Redis ends the process.
 */
public final class Server {
  private static final String LIVENESS = "liveness";
  private static final String READINESS = "readiness";

  /** After SIGTERM, callers get this long to learn that we go: milliseconds. */
  private static final int NOTICE = 1000;

  /** Then calls under way get this long to end: seconds. */
  private static final int DRAIN = 7;

  private final Store store;
  private final Fixture fixture;
  private final HealthStatusManager health = new HealthStatusManager();
  private boolean first = true;
  private String said = "";

  private Server(Store store, Fixture fixture) {
    this.store = store;
    this.fixture = fixture;
  }

  /** Serves until SIGTERM or Ctrl-C. */
  public static void main(String[] words) throws Exception {
    var arguments = new Arguments(words, "port", "redis", "features");
    String redis = arguments.hostAndPort("redis");
    int port = Integer.parseInt(arguments.get("port", "50001"));
    try {
      Fixture fixture = Fixture.read(Path.of(arguments.get("features", "/features.json")));
      new Server(new Store(HostAndPort.from(redis)), fixture).run(port, redis);
    } catch (IOException error) {
      Arguments.end(1, "cannot start: " + error.getMessage());
    }
  }

  private void run(int port, String redis) throws IOException, InterruptedException {
    health.setStatus(LIVENESS, ServingStatus.SERVING);
    health.setStatus(READINESS, ServingStatus.NOT_SERVING);
    io.grpc.Server server =
        Grpc.newServerBuilderForPort(port, InsecureServerCredentials.create())
            .addService(health.getHealthService())
            .addService(new Guide(store))
            .keepAliveTime(10, TimeUnit.SECONDS)
            // Clients ask every ten seconds whether we are there.
            .permitKeepAliveTime(5, TimeUnit.SECONDS)
            .permitKeepAliveWithoutCalls(true)
            .build()
            .start();
    Log.say("serving on port %d, redis at %s", port, redis);
    var looks = Executors.newSingleThreadScheduledExecutor();
    looks.scheduleWithFixedDelay(this::look, 0, 1, TimeUnit.SECONDS);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> end(server, looks::shutdownNow)));
    server.awaitTermination();
  }

  private void end(io.grpc.Server server, Runnable stopLooking) {
    try {
      stopLooking.run();
      Log.say("readiness: NOT_SERVING, ending");
      health.enterTerminalState();
      Thread.sleep(NOTICE);
      server.shutdown();
      if (!server.awaitTermination(DRAIN, TimeUnit.SECONDS)) {
        server.shutdownNow();
      }
    } catch (InterruptedException error) {
      server.shutdownNow();
    }
    // A JVM that a signal ends would say so by its exit code.
    Runtime.getRuntime().halt(0);
  }

  /** Keeps `readiness` true to Redis. */
  private void look() {
    ServingStatus status = ServingStatus.SERVING;
    String state = "SERVING";
    try {
      roundTrip();
      first = false;
    } catch (Store.Unavailable error) {
      status = ServingStatus.NOT_SERVING;
      state = "NOT_SERVING: " + error.getMessage();
    }
    health.setStatus(READINESS, status);
    if (!state.equals(said)) {
      Log.say("readiness: %s", state);
      said = state;
    }
  }

  /**
   * One look. The fixture is loaded at the process's start, and again when Redis has none: another
   * server's fixture stays until then, so that two versions in one rollout do not fight.
   */
  private void roundTrip() throws Store.Unavailable {
    if (store.check() && !first) {
      return;
    }
    int count = fixture.features().size();
    if (store.load(fixture)) {
      Log.say("loaded %d features into redis", count);
    } else {
      Log.say("%d features are in redis already", count);
    }
  }
}
