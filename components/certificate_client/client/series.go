package main

import (
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	"time"
)

// lookPause is how often the clock is looked at: it may be set, and a machine that sleeps wakes up later.
const lookPause = time.Second

// signed is a certificate of the stack's own authority, PEM.
type signed struct {
	Certificate string `json:"certificate"`
	PrivateKey  string `json:"private_key"`
}

// series hands out certificates that were signed in advance, each from the time at which the one before has 30 % of its
// life left. Which one it is follows from the clock alone, so that nothing has to be kept.
type series struct {
	pairs   []pair
	leaves  []*x509.Certificate
	metrics *metrics
	publish func(pair)
	current int
}

func newSeries(given configuration, metrics *metrics, publish func(pair)) (*series, error) {
	made := &series{metrics: metrics, publish: publish}
	for number, one := range given.Series {
		found := pair{Names: given.Names, Chain: []byte(one.Certificate), Key: []byte(one.PrivateKey)}
		leaf, err := found.leaf()
		if err != nil {
			return nil, fmt.Errorf("certificate %d of the series: %w", number+1, err)
		}
		if leaf == nil {
			return nil, fmt.Errorf("certificate %d of the series is empty", number+1)
		}
		made.pairs, made.leaves = append(made.pairs, found), append(made.leaves, leaf)
	}
	return made, nil
}

// at returns the number of the one whose time it is: the first that is not due for renewal, or the last.
func (s *series) at(now time.Time) int {
	for number, leaf := range s.leaves {
		if now.Before(renewAt(leaf)) {
			return number
		}
	}
	return len(s.leaves) - 1
}

func (s *series) load() error {
	s.handOut(s.at(time.Now()))
	return nil
}

func (s *series) run(ctx context.Context) {
	for ctx.Err() == nil {
		wait(ctx, nil, lookPause)
		if number := s.at(time.Now()); number != s.current {
			s.handOut(number)
		}
	}
}

func (s *series) handOut(number int) {
	s.current = number
	s.publish(s.pairs[number])
	leaf, last := s.leaves[number], number == len(s.leaves)-1
	slog.Info("a certificate is handed out", "number", number+1, "of", len(s.leaves), "not_after", leaf.NotAfter)
	if last {
		// Told while it is good for its whole life: an update signs more.
		slog.Error("no certificate was signed for the time after this one: an update does that", "not_after", leaf.NotAfter)
	}
	s.metrics.state(last, leaf)
}
