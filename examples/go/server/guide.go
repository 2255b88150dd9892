package main

import (
	"context"
	"errors"
	"io"
	"math"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	routeguide "windlass.example/go/routeguide/v1"
)

// guide is the four calls, over the store.
type guide struct {
	routeguide.UnimplementedRouteGuideServer
	store *store
}

// What Redis cannot do now, it may do later.
func unavailable(err error) error { return status.Error(codes.Unavailable, err.Error()) }

func notAPlace(err error) error { return status.Error(codes.InvalidArgument, err.Error()) }

func (g *guide) GetFeature(ctx context.Context, point *routeguide.Point) (*routeguide.Feature, error) {
	at, err := placeOf(point)
	if err != nil {
		return nil, notAPlace(err)
	}
	name, err := g.store.feature(ctx, at)
	if err != nil {
		return nil, unavailable(err)
	}
	return &routeguide.Feature{Name: name, Location: at.point()}, nil
}

func (g *guide) ListFeatures(rectangle *routeguide.Rectangle, stream grpc.ServerStreamingServer[routeguide.Feature]) error {
	within, err := boundsOf(rectangle)
	if err != nil {
		return notAPlace(err)
	}
	found, err := g.store.features(stream.Context(), within)
	if err != nil {
		return unavailable(err)
	}
	for _, feature := range found {
		if err := stream.Send(&routeguide.Feature{Name: feature.name, Location: feature.place.point()}); err != nil {
			return err
		}
	}
	return nil
}

func (g *guide) RecordRoute(stream grpc.ClientStreamingServer[routeguide.Point, routeguide.RouteSummary]) error {
	start := time.Now()
	var points, features int32
	var metres float64
	var last place
	for {
		point, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		at, err := placeOf(point)
		if err != nil {
			return notAPlace(err)
		}
		name, err := g.store.feature(stream.Context(), at)
		if err != nil {
			return unavailable(err)
		}
		if name != "" {
			features++
		}
		if points > 0 {
			metres += last.distance(at)
		}
		points, last = points+1, at
	}
	return stream.SendAndClose(&routeguide.RouteSummary{
		PointCount:   points,
		FeatureCount: features,
		Distance:     int32(min(math.Round(metres), math.MaxInt32)),
		ElapsedTime:  int32(time.Since(start).Seconds()),
	})
}

func (g *guide) RouteChat(stream grpc.BidiStreamingServer[routeguide.RouteNote, routeguide.RouteNote]) error {
	for {
		note, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		at, err := placeOf(note.Location)
		if err != nil {
			return notAPlace(err)
		}
		before, err := g.store.leaveNote(stream.Context(), at, note.Message)
		if err != nil {
			return unavailable(err)
		}
		for _, message := range before {
			if err := stream.Send(&routeguide.RouteNote{Location: at.point(), Message: message}); err != nil {
				return err
			}
		}
	}
}
