package main

import (
	"context"
	"log"
	"strings"
	"time"
)

// queue is the store as the worker sees it; the tests have one in memory.
type queue interface {
	triage(ctx context.Context, priority func(title string) string) (bool, error)
}

// work triages one ticket after the other until ctx is done, and looks again after a second when there is none.
func work(ctx context.Context, tickets queue) error {
	for ctx.Err() == nil {
		limited, cancel := context.WithTimeout(ctx, 10*time.Second)
		found, err := tickets.triage(limited, priority)
		cancel()
		if err != nil && ctx.Err() == nil {
			log.Print(err)
		}
		if !found {
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
		}
	}
	return nil
}

func priority(title string) string {
	for _, word := range []string{"down", "urgent", "lost"} {
		if strings.Contains(strings.ToLower(title), word) {
			return "high"
		}
	}
	return "normal"
}
