package windlass.examples;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/** Arguments of the form {@code --name=value} or {@code --name value}. */
public final class Arguments {
  private final Map<String, String> values = new HashMap<>();

  /** Parses them. A name that is not known ends the process with 2. */
  public Arguments(String[] words, String... names) {
    for (int i = 0; i < words.length; i++) {
      String[] parts = words[i].split("=", 2);
      String name = parts[0].replaceFirst("^--", "");
      boolean isLast = parts.length == 1 && i + 1 == words.length;
      if (!words[i].startsWith("--") || !Arrays.asList(names).contains(name) || isLast) {
        end(2, "got `%s`, want one of %s with a value".formatted(words[i], Arrays.asList(names)));
      }
      values.put(name, parts.length == 2 ? parts[1] : words[++i]);
    }
  }

  /** A value, or what stands for it. */
  public String get(String name, String otherwise) {
    return values.getOrDefault(name, otherwise);
  }

  /** A value of the form {@code host:port}; any other ends the process with 2. */
  public String hostAndPort(String name) {
    String value = get(name, "");
    int at = value.lastIndexOf(':');
    String port = value.substring(at + 1);
    if (at < 1 || !port.matches("[0-9]{1,5}") || !isPort(Integer.parseInt(port))) {
      end(2, "--%s: got \"%s\", want host:port".formatted(name, value));
    }
    return value;
  }

  private static boolean isPort(int port) {
    return port > 0 && port <= 65535;
  }

  /** Ends the process. */
  public static void end(int code, String why) {
    System.err.println("error: " + why);
    System.exit(code);
  }
}
