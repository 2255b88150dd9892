package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"

	routeguide "windlass.example/go/routeguide/v1"
)

type feature struct {
	place place
	name  string
}

// fixture is the feature data of a file, in the order of places.
type fixture struct{ features []feature }

// readFixture reads a list of `{"location": {"latitude": E7, "longitude": E7}, "name": "..."}`. Entries
// with an empty name say that nothing is there.
func readFixture(path string) (*fixture, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read features: %w", err)
	}
	var entries []struct {
		Location *routeguide.Point
		Name     string
	}
	if err := json.Unmarshal(text, &entries); err != nil {
		return nil, fmt.Errorf("cannot load features %q: %w", path, err)
	}
	read := &fixture{}
	for _, entry := range entries {
		place, err := placeOf(entry.Location)
		if err == nil && math.Abs(place.north()) > geoSetLatitude {
			err = fmt.Errorf("latitude: got %v, want -85.0511287 to 85.0511287 degrees", place.north())
		}
		if err != nil {
			return nil, fmt.Errorf("cannot load features %q: feature %q: %w", path, entry.Name, err)
		}
		if entry.Name != "" {
			read.features = append(read.features, feature{place, entry.Name})
		}
	}
	slices.SortFunc(read.features, func(a, b feature) int { return a.place.compare(b.place) })
	for i := 1; i < len(read.features); i++ {
		if one, other := read.features[i-1], read.features[i]; one.place == other.place {
			return nil, fmt.Errorf("cannot load features %q: %q and %q are both at %s", path, one.name, other.name, one.place.key())
		}
	}
	return read, nil
}

// fingerprint is equal when the data is, whatever language the server is written in.
func (f *fixture) fingerprint() string {
	hash := sha256.New()
	for _, feature := range f.features {
		fmt.Fprintf(hash, "%s %q\n", feature.place.key(), feature.name)
	}
	return hex.EncodeToString(hash.Sum(nil))
}
