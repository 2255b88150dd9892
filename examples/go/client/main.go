// The client in Go: asks a RouteGuide server all four kinds of question, again and again, and logs the
// answers in the words of //services/client. A server that is away is waited for.
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
)

func main() {
	server := flag.String("server", "", "HOST:PORT of the server")
	iterations := flag.Int("iterations", 0, "how often to ask all four questions; 0 means for ever")
	interval := flag.Float64("interval", 5, "seconds between two iterations")
	flag.Parse()
	if !isHostAndPort(*server) {
		fmt.Fprintf(os.Stderr, "error: --server: got %q, want host:port\n", *server)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	iterate(ctx, *server, *iterations, time.Duration(*interval*float64(time.Second)))
}

func isHostAndPort(text string) bool {
	at := strings.LastIndex(text, ":")
	port, err := strconv.ParseUint(text[at+1:], 10, 16)
	return at > 0 && err == nil && port > 0
}

// iterate asks until the iterations are done, or until it is stopped.
func iterate(ctx context.Context, server string, iterations int, interval time.Duration) {
	failures := 0
	connection := connect(server)
	for iteration := 1; ; {
		start := time.Now()
		err := askAll(ctx, connection, iteration)
		if ctx.Err() != nil {
			say("ending")
			return
		}
		if err != nil {
			failures++
			pause := backoff(failures)
			say("waiting for %s: %v; again in %.1f s", server, err, pause.Seconds())
			wait(ctx, pause)
			// Whatever was wrong with the connection, a new one does not have it.
			connection.Close()
			connection = connect(server)
			continue
		}
		say("iteration %d done in %d ms", iteration, time.Since(start).Milliseconds())
		if iteration == iterations {
			return
		}
		failures = 0
		iteration++
		wait(ctx, interval)
	}
}

// backoff is longer each time, up to a limit, and never the same for all clients.
func backoff(failures int) time.Duration {
	pause := min(500*time.Millisecond<<min(failures-1, 16), 5*time.Second)
	return time.Duration(float64(pause) * (1 - rand.Float64()/2))
}

func wait(ctx context.Context, pause time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(pause):
	}
}

// connect makes a channel that connects when it is used, and notices when the other end has gone.
func connect(server string) *grpc.ClientConn {
	connection, err := grpc.NewClient(
		server,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 10 * time.Second, Timeout: 5 * time.Second, PermitWithoutStream: true}),
	)
	if err != nil {
		panic(err) // Only for options that contradict one another.
	}
	return connection
}

func say(format string, values ...any) {
	fmt.Printf("%s %s\n", time.Now().UTC().Format(time.RFC3339), fmt.Sprintf(format, values...))
}
