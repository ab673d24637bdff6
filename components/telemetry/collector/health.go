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
	answerHealth(w, t.alive.Load(), "the logs of containers cannot be read: "+t.root)
}

// answerHealth is for what looked last at a time in seconds, and what is wrong when that is too long ago.
func answerHealth(w http.ResponseWriter, looked int64, wrong string) {
	if time.Since(time.Unix(looked, 0)) > staleAfter {
		http.Error(w, wrong, http.StatusServiceUnavailable)
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
