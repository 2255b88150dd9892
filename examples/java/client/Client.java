package windlass.examples.client;

import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import windlass.examples.Arguments;
import windlass.examples.Log;

/**
 * The client in Java: asks a RouteGuide server all four kinds of question, again and again, and
 * logs the answers in the words of //services/client. A server that is away is waited for.
 */
public final class Client {
  private Client() {}

  /** Asks until the iterations are done, or until SIGTERM or Ctrl-C. */
  public static void main(String[] words) throws InterruptedException {
    var arguments = new Arguments(words, "server", "iterations", "interval");
    String server = arguments.hostAndPort("server");
    int iterations = Integer.parseInt(arguments.get("iterations", "0"));
    long interval = (long) (Double.parseDouble(arguments.get("interval", "5")) * 1000);
    // A JVM that a signal ends would say so by its exit code.
    Runtime.getRuntime().addShutdownHook(new Thread(() -> Runtime.getRuntime().halt(0)));

    ManagedChannel channel = connect(server);
    int failures = 0;
    for (int iteration = 1; ; ) {
      long start = System.nanoTime();
      try {
        new Calls(channel).all("passed by in iteration " + iteration);
      } catch (Calls.Failed error) {
        failures++;
        long pause = backoff(failures);
        Log.say("waiting for %s: %s; again in %.1f s", server, error.getMessage(), pause / 1e3);
        Thread.sleep(pause);
        // Whatever was wrong with the connection, a new one does not have it.
        channel.shutdownNow();
        channel = connect(server);
        continue;
      }
      Log.say("iteration %d done in %d ms", iteration, (System.nanoTime() - start) / 1_000_000);
      if (iteration == iterations) {
        return;
      }
      failures = 0;
      iteration++;
      Thread.sleep(interval);
    }
  }

  /** Milliseconds: longer each time, up to a limit, and never the same for all clients. */
  private static long backoff(int failures) {
    long pause = Math.min(500L << Math.min(failures - 1, 16), 5000);
    return (long) (pause * (1 - ThreadLocalRandom.current().nextDouble() / 2));
  }

  /** A channel that connects when it is used, and notices when the other end has gone. */
  private static ManagedChannel connect(String server) {
    return Grpc.newChannelBuilder(server, InsecureChannelCredentials.create())
        .keepAliveTime(10, TimeUnit.SECONDS)
        .keepAliveTimeout(5, TimeUnit.SECONDS)
        .keepAliveWithoutCalls(true)
        .build();
  }
}
