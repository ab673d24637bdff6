package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// staleAfter is how long the logs may not have been looked for.
const staleAfter = 30 * time.Second

// healthy says whether logs are read. That the store is away is no illness of this program.
func (t *tailer) healthy(w http.ResponseWriter, _ *http.Request) {
	if since := time.Since(time.Unix(t.alive.Load(), 0)); since > staleAfter {
		http.Error(w, "the logs of containers cannot be read: "+t.root, http.StatusServiceUnavailable)
		return
	}
	_, _ = io.WriteString(w, "ok\n")
}

// askHealth asks the process that listens there.
func askHealth(listen string) error {
	_, port, err := net.SplitHostPort(listen)
	if err != nil {
		return err
	}
	client := &http.Client{Timeout: 2 * time.Second}
	response, err := client.Get("http://127.0.0.1:" + port + "/health")
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(response.Body, 1000))
		return fmt.Errorf("%s: %s", response.Status, said)
	}
	return nil
}
