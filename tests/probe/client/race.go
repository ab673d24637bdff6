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

// runRace sends requests over `lanes` connections that stay open; between two of them a lane waits `idle`, give or take
// `spread`: then the request reaches the ingress when the replica is just about to close what it thinks is idle.
func runRace(ctx context.Context, arguments []string) (map[string]any, error) {
	set, to := flags("race")
	lanes := set.Int("lanes", 40, "connections")
	rounds := set.Int("rounds", 20, "requests of each")
	idle := set.Duration("idle", time.Second, "idle time of the replica's connections")
	spread := set.Duration("spread", 20*time.Millisecond, "how much earlier or later a request may come")
	method := set.String("method", http.MethodPost, "method")
	_ = set.Parse(arguments)
	client, err := to.client(0)
	if err != nil {
		return nil, err
	}
	outcomes := newTally()
	together(*lanes, func(int) {
		for range *rounds {
			outcomes.add(ask(ctx, client, to, *method))
			shift := time.Duration(rand.Int64N(2*int64(*spread)+1)) - *spread
			if !pause(ctx, *idle+shift) {
				return
			}
		}
	})
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
