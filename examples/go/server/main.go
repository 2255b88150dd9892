// The server in Go: what //services/server does, with the same arguments and the same keys in Redis.
//
// The port is open and `liveness` is SERVING at once; `readiness` follows Redis, and no state of Redis
// ends the process.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	routeguide "windlass.example/go/routeguide/v1"
)

const (
	// After SIGTERM, callers get this long to learn that we go, while we still serve them.
	notice = time.Second
	// Then calls under way get this long to end.
	drain = 7 * time.Second
)

func main() {
	port := flag.Int("port", 50001, "port to listen on, on all addresses")
	redis := flag.String("redis", "", "HOST:PORT of any node of the Redis cluster")
	features := flag.String("features", "/features.json", "JSON file with the features")
	flag.Parse()
	if !isHostAndPort(*redis) {
		end(2, fmt.Errorf("--redis: got %q, want host:port", *redis))
	}
	fixture, err := readFixture(*features)
	if err != nil {
		end(3, err)
	}
	if err := run(*port, *redis, fixture); err != nil {
		end(1, err)
	}
}

func end(code int, err error) {
	fmt.Fprintln(os.Stderr, "error:", err)
	os.Exit(code)
}

func isHostAndPort(text string) bool {
	host, digits, found := cutLast(text, ":")
	port, err := strconv.ParseUint(digits, 10, 16)
	return found && host != "" && err == nil && port > 0
}

func cutLast(text, separator string) (string, string, bool) {
	at := strings.LastIndex(text, separator)
	if at < 0 {
		return text, "", false
	}
	return text[:at], text[at+1:], true
}

// run serves until SIGTERM or Ctrl-C.
func run(port int, redis string, fixture *fixture) error {
	listener, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
	if err != nil {
		return fmt.Errorf("cannot listen on port %d: %w", port, err)
	}
	say("serving on port %d, redis at %s", port, redis)
	stopped, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()

	store := newStore(redis)
	healths := health.NewServer()
	healths.SetServingStatus(liveness, grpc_health_v1.HealthCheckResponse_SERVING)
	healths.SetServingStatus(readiness, grpc_health_v1.HealthCheckResponse_NOT_SERVING)
	server := grpc.NewServer(
		// Clients ask every ten seconds whether we are there.
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 5 * time.Second, PermitWithoutStream: true}),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: 10 * time.Second}),
	)
	grpc_health_v1.RegisterHealthServer(server, healths)
	routeguide.RegisterRouteGuideServer(server, &guide{store: store})
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()

	looked := make(chan struct{})
	go func() {
		followRedis(stopped, store, fixture, healths)
		close(looked)
	}()
	select {
	case err := <-ended:
		return fmt.Errorf("cannot serve: %w", err)
	case <-stopped.Done():
	}
	<-looked
	say("readiness: NOT_SERVING, ending")
	healths.SetServingStatus(readiness, grpc_health_v1.HealthCheckResponse_NOT_SERVING)
	time.Sleep(notice)
	force := time.AfterFunc(drain, server.Stop)
	defer force.Stop()
	server.GracefulStop()
	return nil
}

func say(format string, values ...any) {
	fmt.Printf("%s %s\n", time.Now().UTC().Format(time.RFC3339), fmt.Sprintf(format, values...))
}
