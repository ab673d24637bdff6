package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// consul is where regions agree on who runs: the agent of this pod, and through it the datacenter of each region.
type consul struct {
	address string
	// regions in the order in which they are asked: the first that has a leader keeps the claims of all.
	regions []string
	// patience is how long a region may be without an answer before the next one is asked. A claim that two regions
	// keep is none, and an election takes seconds.
	patience time.Duration
	client   *http.Client
}

var errNoRegion = errors.New("no region's Consul answers")

// home returns the region that keeps the claims.
func (c *consul) home(ctx context.Context) (string, error) {
	for _, region := range c.regions {
		for end := time.Now().Add(c.patience); ; {
			var leader string
			if err := c.call(ctx, http.MethodGet, "status/leader", region, nil, nil, &leader); err == nil && leader != "" {
				return region, nil
			}
			if time.Now().After(end) || pause(ctx, time.Second) != nil {
				break
			}
		}
	}
	return "", errNoRegion
}

type entry struct {
	ModifyIndex uint64
	Value       string
}

// claim says whether this process alone may run what is due at a time: the first one to write it down.
func (c *consul) claim(ctx context.Context, region, key string, due time.Time) (bool, error) {
	var entries []entry
	err := c.call(ctx, http.MethodGet, "kv/"+key, region, url.Values{"consistent": {""}}, nil, &entries)
	if err != nil && !errors.Is(err, errNotFound) {
		return false, err
	}
	index := uint64(0)
	if len(entries) > 0 {
		index = entries[0].ModifyIndex
		text, _ := base64.StdEncoding.DecodeString(entries[0].Value)
		if last, err := strconv.ParseInt(string(text), 10, 64); err == nil && last >= due.Unix() {
			return false, nil
		}
	}
	var won bool
	body := []byte(strconv.FormatInt(due.Unix(), 10))
	query := url.Values{"cas": {strconv.FormatUint(index, 10)}}
	err = c.call(ctx, http.MethodPut, "kv/"+key, region, query, body, &won)
	return won, err
}

// lock holds a key for as long as this process says every few seconds that it lives. It returns nil when another one
// holds it.
func (c *consul) lock(ctx context.Context, region, key string) (unlock func(), err error) {
	// A session belongs to a node of its datacenter, and this one may be in another: a server's, whose health does not
	// matter.
	var servers []struct{ Node string }
	if err := c.call(ctx, http.MethodGet, "catalog/service/consul", region, nil, nil, &servers); err != nil {
		return nil, err
	}
	if len(servers) == 0 {
		return nil, errNoRegion
	}
	var session struct{ ID string }
	wanted, _ := json.Marshal(map[string]any{
		"Node": servers[0].Node, "NodeChecks": []string{}, "TTL": "15s", "Behavior": "delete", "LockDelay": "1s",
	})
	if err := c.call(ctx, http.MethodPut, "session/create", region, nil, wanted, &session); err != nil {
		return nil, err
	}
	destroy := func() {
		ended, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := c.call(ended, http.MethodPut, "session/destroy/"+session.ID, region, nil, nil, nil); err != nil {
			log.Printf("scheduler: %v; what it holds is free in half a minute", err)
		}
	}
	var held bool
	err = c.call(ctx, http.MethodPut, "kv/"+key, region, url.Values{"acquire": {session.ID}}, nil, &held)
	if err != nil || !held {
		destroy()
		return nil, err
	}
	renewing, stop := context.WithCancel(context.Background())
	go func() {
		for pause(renewing, 5*time.Second) == nil {
			_ = c.call(renewing, http.MethodPut, "session/renew/"+session.ID, region, nil, nil, nil)
		}
	}()
	return func() { stop(); destroy() }, nil
}

var errNotFound = errors.New("there is no such key")

func (c *consul) call(ctx context.Context, method, path, region string, query url.Values, body []byte, into any) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if query == nil {
		query = url.Values{}
	}
	query.Set("dc", region)
	request, err := http.NewRequestWithContext(ctx, method, c.address+"/v1/"+path+"?"+query.Encode(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	response, err := c.client.Do(request)
	if err != nil {
		return fmt.Errorf("no answer of Consul: %w", err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	switch {
	case err != nil:
		return err
	case response.StatusCode == http.StatusNotFound:
		return errNotFound
	case response.StatusCode != http.StatusOK:
		return fmt.Errorf("the answer of Consul of %s is %d: %s", region, response.StatusCode, strings.TrimSpace(string(text)))
	case into == nil:
		return nil
	}
	return json.Unmarshal(text, into)
}

// pause waits, and returns an error when it is not to go on.
func pause(ctx context.Context, long time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(long):
		return nil
	}
}
