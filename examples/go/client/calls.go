package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
	routeguide "windlass.example/go/routeguide/v1"
)

// From the first byte sent to the last received. The server gives up on Redis before.
const deadline = 5 * time.Second

// Places of the server's own fixture; what is there, only the server knows.
var (
	here    = point(542019000, 54688000)
	nowhere = point(540000000, 60000000)
	corners = &routeguide.Rectangle{Lo: point(539000000, 50000000), Hi: point(545000000, 65000000)}
	route   = []*routeguide.Point{here, point(542257000, 55412000), nowhere, point(540704000, 63191000)}
)

func point(latitude, longitude int32) *routeguide.Point {
	return &routeguide.Point{Latitude: latitude, Longitude: longitude}
}

// typed is a point as one types it: degrees, without a rounding.
func typed(point *routeguide.Point) string {
	degrees := func(e7 int32) string { return strconv.FormatFloat(float64(e7)/1e7, 'f', -1, 64) }
	return degrees(point.GetLatitude()) + "," + degrees(point.GetLongitude())
}

// askAll makes all four calls and logs a line as each answer arrives.
func askAll(ctx context.Context, connection *grpc.ClientConn, iteration int) error {
	client := routeguide.NewRouteGuideClient(connection)
	for _, call := range []struct {
		name string
		ask  func(context.Context) (string, error)
	}{
		{"GetFeature", func(ctx context.Context) (string, error) { return getFeature(ctx, client, here) }},
		{"GetFeature", func(ctx context.Context) (string, error) { return getFeature(ctx, client, nowhere) }},
		{"ListFeatures", func(ctx context.Context) (string, error) { return listFeatures(ctx, client) }},
		{"RecordRoute", func(ctx context.Context) (string, error) { return recordRoute(ctx, client) }},
		{"RouteChat", func(ctx context.Context) (string, error) {
			return routeChat(ctx, client, fmt.Sprintf("passed by in iteration %d", iteration))
		}},
	} {
		ctx, cancel := context.WithTimeout(ctx, deadline)
		line, err := call.ask(ctx)
		cancel()
		if err != nil {
			return fmt.Errorf("%s: %s: %s", call.name, status.Code(err), status.Convert(err).Message())
		}
		say("%s", line)
	}
	return nil
}

func getFeature(ctx context.Context, client routeguide.RouteGuideClient, at *routeguide.Point) (string, error) {
	feature, err := client.GetFeature(ctx, at)
	name := feature.GetName()
	if name == "" {
		name = "no feature"
	}
	return fmt.Sprintf("GetFeature %s: %s", typed(at), name), err
}

func listFeatures(ctx context.Context, client routeguide.RouteGuideClient) (string, error) {
	stream, err := client.ListFeatures(ctx, corners)
	if err != nil {
		return "", err
	}
	var names []string
	for {
		feature, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", err
		}
		names = append(names, feature.Name)
	}
	return fmt.Sprintf("ListFeatures %s to %s: %d features: %s",
		typed(corners.Lo), typed(corners.Hi), len(names), strings.Join(names, ", ")), nil
}

func recordRoute(ctx context.Context, client routeguide.RouteGuideClient) (string, error) {
	stream, err := client.RecordRoute(ctx)
	if err != nil {
		return "", err
	}
	for _, at := range route {
		// A server that has ended the call says why in its answer.
		if stream.Send(at) != nil {
			break
		}
	}
	summary, err := stream.CloseAndRecv()
	return fmt.Sprintf("RecordRoute: %d points, %d features, %d m in %d s",
		summary.GetPointCount(), summary.GetFeatureCount(), summary.GetDistance(), summary.GetElapsedTime()), err
}

// routeChat leaves a note at each point of the route and one more at the first.
func routeChat(ctx context.Context, client routeguide.RouteGuideClient, message string) (string, error) {
	stream, err := client.RouteChat(ctx)
	if err != nil {
		return "", err
	}
	sent := append(route[:len(route):len(route)], route[0])
	go func() {
		for _, at := range sent {
			if stream.Send(&routeguide.RouteNote{Location: at, Message: message}) != nil {
				return
			}
		}
		stream.CloseSend()
	}()
	received := 0
	var last *routeguide.RouteNote
	for {
		note, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", err
		}
		received, last = received+1, note
	}
	line := fmt.Sprintf("RouteChat: %d notes sent, %d received", len(sent), received)
	if last != nil {
		line += fmt.Sprintf(", the last at %s: %s", typed(last.Location), last.Message)
	}
	return line, nil
}
