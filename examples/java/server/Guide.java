package windlass.examples.server;

import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.util.function.Supplier;
import routeguide.v1.RouteGuideGrpc;
import routeguide.v1.Routeguide.Feature;
import routeguide.v1.Routeguide.Point;
import routeguide.v1.Routeguide.Rectangle;
import routeguide.v1.Routeguide.RouteNote;
import routeguide.v1.Routeguide.RouteSummary;
import windlass.examples.server.Geometry.Bounds;
import windlass.examples.server.Geometry.NotAPlace;
import windlass.examples.server.Geometry.Place;

/** The four calls, over the store. */
final class Guide extends RouteGuideGrpc.RouteGuideImplBase {
  private final Store store;

  Guide(Store store) {
    this.store = store;
  }

  /** What a call does until it has its answer, or not. */
  private interface Work {
    void run() throws NotAPlace, Store.Unavailable;
  }

  /** Whether it was done; if not, the caller has been told whose fault it is. */
  private static boolean done(StreamObserver<?> answers, Work work) {
    try {
      work.run();
      return true;
    } catch (NotAPlace error) {
      answers.onError(
          Status.INVALID_ARGUMENT.withDescription(error.getMessage()).asRuntimeException());
    } catch (Store.Unavailable error) {
      // What Redis cannot do now, it may do later.
      answers.onError(Status.UNAVAILABLE.withDescription(error.getMessage()).asRuntimeException());
    }
    return false;
  }

  private static Feature feature(Place place, String name) {
    return Feature.newBuilder()
        .setName(name == null ? "" : name)
        .setLocation(place.point())
        .build();
  }

  @Override
  public void getFeature(Point point, StreamObserver<Feature> answers) {
    Work work =
        () -> {
          Place place = Place.of(true, point);
          answers.onNext(feature(place, store.feature(place)));
        };
    if (done(answers, work)) {
      answers.onCompleted();
    }
  }

  @Override
  public void listFeatures(Rectangle rectangle, StreamObserver<Feature> answers) {
    Work work =
        () -> {
          for (Store.Feature found : store.features(Bounds.of(rectangle))) {
            answers.onNext(feature(found.place(), found.name()));
          }
        };
    if (done(answers, work)) {
      answers.onCompleted();
    }
  }

  @Override
  public StreamObserver<Point> recordRoute(StreamObserver<RouteSummary> answers) {
    var route = new Route();
    return new Messages<>(
        answers,
        point -> {
          Place place = Place.of(true, point);
          route.add(place, store.feature(place) != null);
        },
        route::summary);
  }

  @Override
  public StreamObserver<RouteNote> routeChat(StreamObserver<RouteNote> answers) {
    return new Messages<>(
        answers,
        note -> {
          Place place = Place.of(note.hasLocation(), note.getLocation());
          for (String message : store.leaveNote(place, note.getMessage())) {
            answers.onNext(
                RouteNote.newBuilder().setLocation(place.point()).setMessage(message).build());
          }
        },
        () -> null);
  }

  /** What is done with each message. */
  private interface Each<T> {
    void accept(T message) throws NotAPlace, Store.Unavailable;
  }

  /** What callers send, until it ends or something is wrong with it. */
  private static final class Messages<T, U> implements StreamObserver<T> {
    private final StreamObserver<U> answers;
    private final Each<T> each;
    private final Supplier<U> last;
    private boolean ended;

    Messages(StreamObserver<U> answers, Each<T> each, Supplier<U> last) {
      this.answers = answers;
      this.each = each;
      this.last = last;
    }

    @Override
    public void onNext(T message) {
      ended = ended || !done(answers, () -> each.accept(message));
    }

    @Override
    public void onError(Throwable gone) {
      ended = true;
    }

    @Override
    public void onCompleted() {
      if (ended) {
        return;
      }
      U answer = last.get();
      if (answer != null) {
        answers.onNext(answer);
      }
      answers.onCompleted();
    }
  }

  /** A route while it is travelled. */
  private static final class Route {
    private final long start = System.nanoTime();
    private int points;
    private int features;
    private double metres;
    private Place last;

    void add(Place place, boolean hasFeature) {
      points++;
      features += hasFeature ? 1 : 0;
      metres += last == null ? 0 : last.distance(place);
      last = place;
    }

    RouteSummary summary() {
      return RouteSummary.newBuilder()
          .setPointCount(points)
          .setFeatureCount(features)
          .setDistance((int) Math.min(Math.round(metres), Integer.MAX_VALUE))
          .setElapsedTime((int) ((System.nanoTime() - start) / 1_000_000_000))
          .build();
    }
  }
}
