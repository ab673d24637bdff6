package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
)

// runRace sends a burst of requests over `lanes` connections that stay open, waits until what they used between ingress
// and replicas has been idle for `idle`, give or take `spread`, and sends the next burst: it meets connections that the
// replicas are just closing. All at once, because the ingress takes the connection that it used last.
func runRace(ctx context.Context, arguments []string) (map[string]any, error) {
	set, to := flags("race")
	lanes := set.Int("lanes", 30, "requests of a burst")
	rounds := set.Int("rounds", 20, "bursts")
	idle := set.Duration("idle", time.Second, "idle time of the replica's connections")
	spread := set.Duration("spread", 3*time.Millisecond, "how much earlier or later a request may come")
	method := set.String("method", http.MethodPost, "method")
	_ = set.Parse(arguments)
	client, err := to.client(0)
	if err != nil {
		return nil, err
	}
	outcomes := newTally()
	for range *rounds {
		together(*lanes, func(int) {
			if pause(ctx, time.Duration(rand.Int64N(2*int64(*spread)+1))) {
				outcomes.add(ask(ctx, client, to, *method))
			}
		})
		if !pause(ctx, *idle-2**spread) {
			break
		}
	}
	return map[string]any{"outcomes": outcomes.all()}, nil
}

func ask(ctx context.Context, client *http.Client, to *target, method string) string {
	request, err := http.NewRequestWithContext(ctx, method, to.url, strings.NewReader("{}"))
	if err != nil {
		return err.Error()
	}
	request.Header = to.header()
	response, err := client.Do(request)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = response.Body.Close() }()
	_, err = io.Copy(io.Discard, response.Body)
	if err != nil {
		return fmt.Sprintf("%d, cut: %v", response.StatusCode, err)
	}
	return fmt.Sprint(response.StatusCode)
}
