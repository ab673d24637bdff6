package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// running is a collector with a fake store.
type running struct {
	t     testing.TB
	given configuration
	url   string
	stop  func()
}

func configured(t testing.TB, to *fakeStore) configuration {
	t.Helper()
	return configuration{
		Stack: "dev", Containers: t.TempDir(), State: t.TempDir(), Listen: "127.0.0.1:0",
		Logs: to.URL + "/logs",
	}
}

func start(t testing.TB, given configuration) *running {
	t.Helper()
	listener, err := net.Listen("tcp", given.Listen)
	must(t, err)
	var secrets redaction
	for _, pattern := range given.Redact {
		secrets = append(secrets, regexp.MustCompile(pattern))
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- collect(ctx, given, secrets, listener) }()
	stopped := false
	made := &running{t, given, "http://" + listener.Addr().String(), func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(5 * time.Second):
			t.Error("it has not ended within 5 s")
		}
	}}
	t.Cleanup(made.stop)
	return made
}

// readBefore is a container whose lines a collector that has ended delivered.
func readBefore(t testing.TB, lines ...string) (*fakeStore, configuration, *docker) {
	t.Helper()
	to := newFakeStore(t)
	given := configured(t, to)
	program := newDocker(t, given.Containers, containerID, application)
	program.say(lines...)
	process := start(t, given)
	to.messages(t, len(lines))
	process.stop()
	return to, given, program
}

func (r *running) get(path string) (int, string) {
	r.t.Helper()
	response, err := http.Get(r.url + path)
	must(r.t, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	must(r.t, err)
	return response.StatusCode, string(text)
}

// metric is the value of a series, written as it is exposed.
func (r *running) metric(series string) string {
	r.t.Helper()
	_, text := r.get("/metrics")
	_, judged := r.get("/metrics/services")
	for line := range strings.Lines(text + judged) {
		if value, ok := strings.CutPrefix(line, series+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func (r *running) has(series, wanted string) {
	r.t.Helper()
	if got := r.metric(series); got != wanted {
		r.t.Fatalf("%s is %q, not %q", series, got, wanted)
	}
}

func remove(t testing.TB, folder string) {
	t.Helper()
	must(t, os.RemoveAll(folder))
}
