package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"sync/atomic"
	"time"
)

const (
	insertPath = "/insert/jsonline?_time_field=_time&_msg_field=_msg&_stream_fields=kind,service,region,track"
	// shortestPause is between two tries of a batch; it doubles up to the longest.
	shortestPause, longestPause = 100 * time.Millisecond, 2 * time.Second
	// refusals is how often the store may say that a batch is wrong before it is given up: one that is just starting,
	// or behind another prefix, says so too.
	refusals   = 30
	answerTime = 30 * time.Second
	// quiet is how long nothing is sent before the store is asked whether it is there.
	quiet = 10 * time.Second
)

// store is VictoriaLogs.
type store struct {
	address string
	client  *http.Client
	metrics *metrics
	// answered is when it last did, in seconds.
	answered atomic.Int64
	// failing is true while it does not take what it is given, whatever it says of its health.
	failing atomic.Bool
}

func newStore(address string, measured *metrics) *store {
	return &store{address: address, client: &http.Client{Timeout: answerTime}, metrics: measured}
}

// deliver returns when the store has the rows, or for good will not take them; an error when the context ends before.
func (s *store) deliver(ctx context.Context, rows []byte, count int) error {
	if count == 0 {
		return nil
	}
	pause := shortestPause
	for refused := 0; ; {
		status, err := s.post(ctx, rows)
		switch {
		case err == nil && status < http.StatusMultipleChoices:
			s.metrics.rowsSent.Add(float64(count))
			return nil
		case status == http.StatusBadRequest || status == http.StatusRequestEntityTooLarge:
			if refused++; refused == refusals {
				log.Printf("the store refuses %d rows: %v", count, err)
				s.metrics.lost("refused", count)
				s.failing.Store(false)
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
		pause = min(2*pause, longestPause)
	}
}

func (s *store) post(ctx context.Context, rows []byte) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.address+insertPath, bytes.NewReader(rows))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/stream+json")
	status, err := s.ask(request)
	s.failing.Store(err != nil)
	return status, err
}

// ask notes whether the store is there.
func (s *store) ask(request *http.Request) (int, error) {
	response, err := s.client.Do(request)
	if err != nil {
		s.metrics.storeUp.Set(0)
		return 0, err
	}
	defer func() { _ = response.Body.Close() }()
	said, _ := io.ReadAll(io.LimitReader(response.Body, 1000))
	_, _ = io.Copy(io.Discard, response.Body)
	if response.StatusCode >= http.StatusMultipleChoices {
		s.metrics.storeUp.Set(0)
		return response.StatusCode, fmt.Errorf("%s: %s", response.Status, said)
	}
	s.answered.Store(time.Now().Unix())
	s.metrics.storeUp.Set(1)
	return response.StatusCode, nil
}

// watch asks a store to which nothing is sent.
func (s *store) watch(ctx context.Context) {
	for ctx.Err() == nil {
		if !s.failing.Load() && time.Since(time.Unix(s.answered.Load(), 0)) >= quiet {
			if request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.address+"/health", nil); err == nil {
				_, _ = s.ask(request)
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(quiet / 2):
		}
	}
}
