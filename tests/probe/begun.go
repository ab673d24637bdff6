package main

import (
	"net/http"
	"sync"
	"sync/atomic"
)

// mostPaths keeps a client that never asks for the same twice from filling the memory.
const mostPaths = 10_000

// counter knows how many requests have begun here, in all and by path with query.
type counter struct {
	all   atomic.Int64
	lock  sync.Mutex
	paths map[string]int64
}

func newCounter() *counter { return &counter{paths: map[string]int64{}} }

func (c *counter) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.add(r.URL.RequestURI())
		next.ServeHTTP(w, r)
	})
}

func (c *counter) add(path string) {
	c.all.Add(1)
	c.lock.Lock()
	defer c.lock.Unlock()
	if _, known := c.paths[path]; known || len(c.paths) < mostPaths {
		c.paths[path]++
	}
}

func (c *counter) of(path string) int64 {
	c.lock.Lock()
	defer c.lock.Unlock()
	return c.paths[path]
}
