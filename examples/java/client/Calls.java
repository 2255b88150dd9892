package windlass.examples.client;

import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.stream.Collectors;
import routeguide.v1.RouteGuideGrpc;
import routeguide.v1.Routeguide.Point;
import routeguide.v1.Routeguide.Rectangle;
import routeguide.v1.Routeguide.RouteNote;
import routeguide.v1.Routeguide.RouteSummary;
import windlass.examples.Log;

/** The four calls, each with a deadline, and the line that is logged of each answer. */
final class Calls {
  /** Seconds from the first byte sent to the last received. */
  private static final int DEADLINE = 5;

  // Places of the server's own fixture; what is there, only the server knows.
  private static final Point HERE = point(542019000, 54688000);
  private static final Point NOWHERE = point(540000000, 60000000);
  private static final Point ONE_CORNER = point(539000000, 50000000);
  private static final Point OTHER_CORNER = point(545000000, 65000000);
  private static final List<Point> ROUTE =
      List.of(HERE, point(542257000, 55412000), NOWHERE, point(540704000, 63191000));

  private final ManagedChannel channel;

  Calls(ManagedChannel channel) {
    this.channel = channel;
  }

  /** A call that did not get its answer. */
  static final class Failed extends Exception {
    Failed(String call, String why) {
      super(call + ": " + why.replace('\n', ' '));
    }
  }

  private static Point point(int latitude, int longitude) {
    return Point.newBuilder().setLatitude(latitude).setLongitude(longitude).build();
  }

  /** A point as one types it: degrees, without a rounding. */
  private static String typed(Point point) {
    return degrees(point.getLatitude()) + "," + degrees(point.getLongitude());
  }

  private static String degrees(int e7) {
    return BigDecimal.valueOf(e7, 7).stripTrailingZeros().toPlainString();
  }

  /** All four calls. The first that fails ends the iteration. */
  void all(String message) throws Failed, InterruptedException {
    getFeature(HERE);
    getFeature(NOWHERE);
    listFeatures();
    recordRoute();
    routeChat(message);
  }

  private RouteGuideGrpc.RouteGuideBlockingStub blocking() {
    return RouteGuideGrpc.newBlockingStub(channel).withDeadlineAfter(DEADLINE, TimeUnit.SECONDS);
  }

  private static Failed failed(String call, Throwable error) {
    Status status = Status.fromThrowable(error);
    Throwable cause = status.getCause();
    String why = status.getCode() + ": " + status.getDescription();
    return new Failed(call, cause == null ? why : why + ": " + cause.getMessage());
  }

  private void getFeature(Point at) throws Failed {
    try {
      String name = blocking().getFeature(at).getName();
      Log.say("GetFeature %s: %s", typed(at), name.isEmpty() ? "no feature" : name);
    } catch (StatusRuntimeException error) {
      throw failed("GetFeature", error);
    }
  }

  private void listFeatures() throws Failed {
    var names = new ArrayList<String>();
    try {
      var rectangle = Rectangle.newBuilder().setLo(ONE_CORNER).setHi(OTHER_CORNER).build();
      blocking().listFeatures(rectangle).forEachRemaining(found -> names.add(found.getName()));
    } catch (StatusRuntimeException error) {
      throw failed("ListFeatures", error);
    }
    Log.say(
        "ListFeatures %s to %s: %d features: %s",
        typed(ONE_CORNER), typed(OTHER_CORNER), names.size(), String.join(", ", names));
  }

  private void recordRoute() throws Failed, InterruptedException {
    List<RouteSummary> answers =
        stream(
            "RecordRoute",
            answered ->
                RouteGuideGrpc.newStub(channel)
                    .withDeadlineAfter(DEADLINE, TimeUnit.SECONDS)
                    .recordRoute(answered),
            ROUTE);
    RouteSummary summary = answers.get(0);
    Log.say(
        "RecordRoute: %d points, %d features, %d m in %d s",
        summary.getPointCount(),
        summary.getFeatureCount(),
        summary.getDistance(),
        summary.getElapsedTime());
  }

  /** Leaves a note at each point of the route and one more at the first. */
  private void routeChat(String message) throws Failed, InterruptedException {
    var places = new ArrayList<>(ROUTE);
    places.add(ROUTE.get(0));
    List<RouteNote> notes =
        places.stream()
            .map(at -> RouteNote.newBuilder().setLocation(at).setMessage(message).build())
            .collect(Collectors.toList());
    List<RouteNote> received =
        stream(
            "RouteChat",
            answered ->
                RouteGuideGrpc.newStub(channel)
                    .withDeadlineAfter(DEADLINE, TimeUnit.SECONDS)
                    .routeChat(answered),
            notes);
    String line = "RouteChat: %d notes sent, %d received".formatted(notes.size(), received.size());
    if (!received.isEmpty()) {
      RouteNote last = received.get(received.size() - 1);
      line += ", the last at " + typed(last.getLocation()) + ": " + last.getMessage();
    }
    Log.say("%s", line);
  }

  /** Sends all, and gives all that came back. */
  private static <T, U> List<U> stream(
      String call, Function<StreamObserver<U>, StreamObserver<T>> begin, List<T> messages)
      throws Failed, InterruptedException {
    var answers = new Answers<U>();
    StreamObserver<T> sender = begin.apply(answers);
    messages.forEach(sender::onNext);
    sender.onCompleted();
    try {
      return answers.all.get(DEADLINE + 1, TimeUnit.SECONDS);
    } catch (ExecutionException error) {
      throw failed(call, error.getCause());
    } catch (TimeoutException error) {
      throw new Failed(call, "no answer within " + DEADLINE + " s");
    }
  }

  /** What comes back, until it ends. */
  private static final class Answers<T> implements StreamObserver<T> {
    final CompletableFuture<List<T>> all = new CompletableFuture<>();
    private final List<T> received = new ArrayList<>();

    @Override
    public void onNext(T answer) {
      received.add(answer);
    }

    @Override
    public void onError(Throwable error) {
      all.completeExceptionally(error);
    }

    @Override
    public void onCompleted() {
      all.complete(received);
    }
  }
}
