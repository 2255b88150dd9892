package windlass.examples;

import java.time.Instant;
import java.time.temporal.ChronoUnit;

/** Lines for whoever reads the pod's log. */
public final class Log {
  private Log() {}

  /** A line, with the time before it. */
  public static void say(String format, Object... values) {
    System.out.println(
        Instant.now().truncatedTo(ChronoUnit.MILLIS) + " " + String.format(format, values));
  }
}
