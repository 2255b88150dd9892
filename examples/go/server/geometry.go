package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	routeguide "windlass.example/go/routeguide/v1"
)

const (
	// Redis measures with this radius, and so do we: metres.
	earthRadius = 6372797.560856
	// The end of the square that geo sets of Redis cover, in degrees.
	geoSetLatitude = 85.05112878
	e7             = 1e7
)

// place is a place on the globe, in ten-millionths of a degree.
type place struct{ latitude, longitude int32 }

// placeOf takes a point of a message; the error says why it is none.
func placeOf(point *routeguide.Point) (place, error) {
	if point == nil {
		return place{}, fmt.Errorf("location: got none, want a point")
	}
	if limit := int32(900000000); point.Latitude < -limit || point.Latitude > limit {
		return place{}, fmt.Errorf("latitude: got %d, want %d to %d", point.Latitude, -limit, limit)
	}
	if limit := int32(1800000000); point.Longitude < -limit || point.Longitude > limit {
		return place{}, fmt.Errorf("longitude: got %d, want %d to %d", point.Longitude, -limit, limit)
	}
	return place{point.Latitude, point.Longitude}, nil
}

// key is the name of the place in Redis: exact, unlike a geo set's own coordinates.
func (p place) key() string { return fmt.Sprintf("%d,%d", p.latitude, p.longitude) }

// placeFromKey is the place that key names.
func placeFromKey(key string) (place, bool) {
	north, east, _ := strings.Cut(key, ",")
	latitude, wrong := strconv.ParseInt(north, 10, 32)
	longitude, wrongToo := strconv.ParseInt(east, 10, 32)
	return place{int32(latitude), int32(longitude)}, wrong == nil && wrongToo == nil
}

func (p place) point() *routeguide.Point {
	return &routeguide.Point{Latitude: p.latitude, Longitude: p.longitude}
}

func (p place) north() float64 { return float64(p.latitude) / e7 }
func (p place) east() float64  { return float64(p.longitude) / e7 }

func (p place) compare(other place) int {
	if p.latitude != other.latitude {
		return int(p.latitude) - int(other.latitude)
	}
	return int(p.longitude) - int(other.longitude)
}

func radians(degrees float64) float64 { return degrees * math.Pi / 180 }

// distance is the great-circle distance in metres (haversine formula).
func (p place) distance(other place) float64 {
	from, to := radians(p.north()), radians(other.north())
	u, v := math.Sin((to-from)/2), math.Sin(radians(other.east()-p.east())/2)
	a := u*u + math.Cos(from)*math.Cos(to)*v*v
	return 2 * earthRadius * math.Asin(min(math.Sqrt(a), 1))
}

// bounds is a rectangle with its corners sorted.
type bounds struct{ southWest, northEast place }

func boundsOf(rectangle *routeguide.Rectangle) (bounds, error) {
	one, err := placeOf(rectangle.GetLo())
	if err != nil {
		return bounds{}, err
	}
	other, err := placeOf(rectangle.GetHi())
	return bounds{
		place{min(one.latitude, other.latitude), min(one.longitude, other.longitude)},
		place{max(one.latitude, other.latitude), max(one.longitude, other.longitude)},
	}, err
}

func (b bounds) contains(p place) bool {
	return b.southWest.latitude <= p.latitude && p.latitude <= b.northEast.latitude &&
		b.southWest.longitude <= p.longitude && p.longitude <= b.northEast.longitude
}

// searchBox is what Redis is asked for: its centre in degrees and its size in metres, a little more
// than the bounds. There is none for bounds that are wider than a quarter of the globe: Redis misses
// places at the edges of such boxes.
func (b bounds) searchBox() (longitude, latitude, width, height float64, ok bool) {
	clamp := func(degrees float64) float64 { return max(-geoSetLatitude, min(degrees, geoSetLatitude)) }
	south, north := clamp(b.southWest.north()), clamp(b.northEast.north())
	west, east := b.southWest.east(), b.northEast.east()
	widest := 0.0
	if south > 0 || north < 0 {
		widest = min(math.Abs(south), math.Abs(north))
	}
	metres := func(degrees float64) float64 { return radians(degrees)*earthRadius*1.01 + 1 }
	return (west + east) / 2, (south + north) / 2, metres((east - west) * math.Cos(radians(widest))), metres(north - south),
		north-south <= 90 && east-west <= 90
}
