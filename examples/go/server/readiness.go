package main

import (
	"context"
	"time"

	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
)

const (
	// The name under which the health service answers for the process.
	liveness = "liveness"
	// The name under which it answers for the whole way to the data.
	readiness = "readiness"

	period = time.Second
	// A round trip that takes longer counts as none.
	patience = 1500 * time.Millisecond
)

// followRedis loads the fixture and keeps `readiness` true to Redis, until it is stopped.
func followRedis(stopped context.Context, store *store, fixture *fixture, healths *health.Server) {
	ticks := time.NewTicker(period)
	defer ticks.Stop()
	first, said := true, ""
	for {
		state, serving := "SERVING", grpc_health_v1.HealthCheckResponse_SERVING
		if err := roundTrip(stopped, store, fixture, first); err != nil {
			state, serving = "NOT_SERVING: "+err.Error(), grpc_health_v1.HealthCheckResponse_NOT_SERVING
		} else {
			first = false
		}
		if stopped.Err() == nil {
			healths.SetServingStatus(readiness, serving)
			if state != said {
				say("readiness: %s", state)
				said = state
			}
		}
		select {
		case <-stopped.Done():
			return
		case <-ticks.C:
		}
	}
}

// roundTrip is one look. The fixture is loaded at the process's start, and again when Redis has none:
// another server's fixture stays until then, so that two versions in one rollout do not fight.
func roundTrip(stopped context.Context, store *store, fixture *fixture, first bool) error {
	ctx, cancel := context.WithTimeout(stopped, patience)
	defer cancel()
	if there, err := store.check(ctx); err != nil || (there && !first) {
		return err
	}
	written, err := store.load(ctx, fixture)
	if err != nil {
		return err
	}
	if written {
		say("loaded %d features into redis", len(fixture.features))
	} else {
		say("%d features are in redis already", len(fixture.features))
	}
	return nil
}
