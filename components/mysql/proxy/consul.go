package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	// blocking is how long an agent keeps a question whose answer has not changed; it adds up to a sixteenth.
	blocking = 10 * time.Second
	patience = blocking + 5*time.Second
	// between questions; longer after one that was not answered.
	pause, longPause = 50 * time.Millisecond, 500 * time.Millisecond
)

var asking = &http.Client{Timeout: patience}

// follow tells which member is the primary by the Consul of a datacenter, "" for none there, as soon as it changes. What
// cannot be asked tells nothing: the last answer is still the best one.
func follow(ctx context.Context, agent, datacenter string, heard func(datacenter, member string)) {
	index, silent := uint64(0), false
	for ctx.Err() == nil {
		member, next, err := ask(ctx, agent, datacenter, index)
		if err != nil {
			if !silent {
				log.Printf("Consul does not tell whether the primary is in %s: %v", datacenter, err)
			}
			index, silent = 0, true
			wait(ctx, longPause)
			continue
		}
		heard(datacenter, member)
		// One that goes back is that of another server: https://developer.hashicorp.com/consul/api-docs/features/blocking.
		if next < index {
			next = 0
		}
		index, silent = next, false
		wait(ctx, pause)
	}
}

func ask(ctx context.Context, agent, datacenter string, index uint64) (string, uint64, error) {
	query := url.Values{
		"tag": {"primary"}, "passing": {"1"}, "dc": {datacenter},
		"index": {strconv.FormatUint(index, 10)}, "wait": {blocking.String()},
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, agent+"/v1/health/service/mysql?"+query.Encode(), nil)
	if err != nil {
		return "", 0, err
	}
	response, err := asking.Do(request)
	if err != nil {
		return "", 0, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return "", 0, fmt.Errorf("it answers %s", response.Status)
	}
	var entries []struct {
		Service struct{ Meta map[string]string }
	}
	if err := json.NewDecoder(response.Body).Decode(&entries); err != nil {
		return "", 0, err
	}
	// Without a number the next question is answered at once.
	next, _ := strconv.ParseUint(response.Header.Get("X-Consul-Index"), 10, 64)
	for _, entry := range entries {
		if member := entry.Service.Meta["address"]; member != "" {
			return member, next, nil
		}
	}
	return "", next, nil
}

func wait(ctx context.Context, length time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(length):
	}
}
