package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// The keys: those of //services/server, so that one server can take the place of the other.
const (
	placesKey  = "{routeguide:features}:places"
	namesKey   = "{routeguide:features}:names"
	fixtureKey = "{routeguide:features}:fixture"
	notesKey   = "routeguide:notes:"
	// Notes kept at one place.
	notes = 100
)

const (
	// One node's answer, or one connection.
	nodeTimeout = time.Second
	// One call, with all tries: shorter than what callers wait, so that they learn the reason.
	callTimeout = 4 * time.Second
)

var errNotLoaded = errors.New("features are not loaded yet")

// store is the Redis cluster, as far as this service uses it.
type store struct {
	seed    string
	cluster *redis.ClusterClient
	loaded  atomic.Bool
}

func newStore(seed string) *store {
	return &store{seed: seed, cluster: redis.NewClusterClient(&redis.ClusterOptions{
		Addrs:                 []string{seed},
		ContextTimeoutEnabled: true,
		DialTimeout:           nodeTimeout,
		MaxRedirects:          8,
		MaxRetryBackoff:       200 * time.Millisecond,
		ReadTimeout:           nodeTimeout,
		WriteTimeout:          nodeTimeout,
	})}
}

func wrong(err error) error {
	if err == nil || errors.Is(err, redis.Nil) {
		return nil
	}
	return fmt.Errorf("redis: %w", err)
}

// load puts the fixture into Redis unless it is there; it gives whether anything was written.
func (s *store) load(ctx context.Context, fixture *fixture) (bool, error) {
	there, err := s.cluster.Get(ctx, fixtureKey).Result()
	if err := wrong(err); err != nil {
		return false, err
	}
	write := there != fixture.fingerprint()
	if write {
		_, err := s.cluster.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
			pipe.Del(ctx, placesKey)
			pipe.Del(ctx, namesKey)
			for _, feature := range fixture.features {
				key := feature.place.key()
				pipe.GeoAdd(ctx, placesKey, &redis.GeoLocation{
					Name: key, Longitude: feature.place.east(), Latitude: feature.place.north(),
				})
				pipe.HSet(ctx, namesKey, key, feature.name)
			}
			pipe.Set(ctx, fixtureKey, fixture.fingerprint(), 0)
			return nil
		})
		if err := wrong(err); err != nil {
			return false, err
		}
	}
	s.loaded.Store(true)
	return write, nil
}

// check is one round trip, as readiness needs it: the seed answers, and so does the shard that holds
// the features. It gives whether these are there.
func (s *store) check(ctx context.Context) (bool, error) {
	// A new connection each time: that is what shows whether the seed leads anywhere.
	seed := redis.NewClient(&redis.Options{Addr: s.seed, DialTimeout: nodeTimeout, ReadTimeout: nodeTimeout})
	defer seed.Close()
	if err := wrong(seed.Ping(ctx).Err()); err != nil {
		return false, err
	}
	count, err := s.cluster.Exists(ctx, fixtureKey).Result()
	if err := wrong(err); err != nil {
		return false, err
	}
	if count == 0 {
		s.loaded.Store(false)
	}
	return count > 0, nil
}

// feature is the name of the feature at a place, or "".
func (s *store) feature(ctx context.Context, at place) (string, error) {
	if !s.loaded.Load() {
		return "", errNotLoaded
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	name, err := s.cluster.HGet(ctx, namesKey, at.key()).Result()
	return name, wrong(err)
}

// features are those within bounds, ordered by place.
func (s *store) features(ctx context.Context, within bounds) ([]feature, error) {
	if !s.loaded.Load() {
		return nil, errNotLoaded
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	places, err := s.places(ctx, within)
	if err != nil || len(places) == 0 {
		return nil, err
	}
	keys := make([]string, len(places))
	for i, place := range places {
		keys[i] = place.key()
	}
	names, err := s.cluster.HMGet(ctx, namesKey, keys...).Result()
	if err := wrong(err); err != nil {
		return nil, err
	}
	var found []feature
	for i, name := range names {
		if name, is := name.(string); is {
			found = append(found, feature{places[i], name})
		}
	}
	return found, nil
}

func (s *store) places(ctx context.Context, within bounds) ([]place, error) {
	var keys []string
	var err error
	if longitude, latitude, width, height, ok := within.searchBox(); ok {
		keys, err = s.cluster.GeoSearch(ctx, placesKey, &redis.GeoSearchQuery{
			Longitude: longitude, Latitude: latitude, BoxWidth: width, BoxHeight: height, BoxUnit: "m",
		}).Result()
	} else {
		keys, err = s.cluster.ZRange(ctx, placesKey, 0, -1).Result()
	}
	var places []place
	for _, key := range keys {
		if place, is := placeFromKey(key); is && within.contains(place) {
			places = append(places, place)
		}
	}
	slices.SortFunc(places, place.compare)
	return places, wrong(err)
}

// leaveNote keeps a note, and gives those that were at its place before, oldest first.
func (s *store) leaveNote(ctx context.Context, at place, message string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	key := notesKey + at.key()
	var before *redis.StringSliceCmd
	_, err := s.cluster.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
		before = pipe.LRange(ctx, key, 0, -1)
		pipe.RPush(ctx, key, message)
		pipe.LTrim(ctx, key, -notes, -1)
		return nil
	})
	return before.Val(), wrong(err)
}
