package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// datacenters answers as the agents of a stack do: keys and sessions of each region, until it is lost.
type datacenters struct {
	sync.Mutex
	lost    map[string]bool
	keys    map[string]*stored
	counter uint64
}

type stored struct {
	index   uint64
	value   string
	session string
}

func (d *datacenters) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.Lock()
	defer d.Unlock()
	region, query := r.URL.Query().Get("dc"), r.URL.Query()
	path := strings.TrimPrefix(r.URL.Path, "/v1/")
	answer := func(value any) { _ = json.NewEncoder(w).Encode(value) }
	switch {
	case d.lost[region]:
		http.Error(w, "No path to datacenter", http.StatusInternalServerError)
	case path == "status/leader":
		answer("10.0.0.1:8300")
	case path == "catalog/service/consul":
		answer([]map[string]string{{"Node": "consul-" + region + "-0"}})
	case path == "session/create":
		d.counter++
		answer(map[string]string{"ID": "session-" + string(rune('a'+d.counter))})
	case strings.HasPrefix(path, "session/destroy/"):
		for key, one := range d.keys {
			if one.session == strings.TrimPrefix(path, "session/destroy/") {
				delete(d.keys, key)
			}
		}
		answer(true)
	case strings.HasPrefix(path, "session/renew/"):
		answer([]any{})
	case r.Method == http.MethodGet:
		found, ok := d.keys[region+path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		value := base64.StdEncoding.EncodeToString([]byte(found.value))
		answer([]map[string]any{{"ModifyIndex": found.index, "Value": value}})
	default:
		body, _ := io.ReadAll(r.Body)
		found := d.keys[region+path]
		free := found == nil || found.session == ""
		if query.Has("cas") {
			free = (found == nil && query.Get("cas") == "0") || (found != nil && query.Get("cas") == itoa(found.index))
		}
		if free {
			d.counter++
			d.keys[region+path] = &stored{d.counter, string(body), query.Get("acquire")}
		}
		answer(free)
	}
}

func itoa(number uint64) string {
	text, _ := json.Marshal(number)
	return string(text)
}

func stack(t *testing.T) (*datacenters, func(concurrency, script string) *timed) {
	t.Helper()
	held := &datacenters{lost: map[string]bool{}, keys: map[string]*stored{}}
	server := httptest.NewServer(held)
	t.Cleanup(server.Close)
	return held, func(concurrency, script string) *timed {
		return &timed{
			schedule: schedule{Args: []string{"-c", script}, Concurrency: concurrency, DeadlineSeconds: 5},
			name:     "nightly",
			key:      "schedules/shop/nightly",
			program:  []string{"/bin/sh"},
			grace:    time.Second,
			consul: &consul{
				address: server.URL, regions: []string{"east", "west"}, client: server.Client(),
			},
		}
	}
}

func lines(t *testing.T, path string) int {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return strings.Count(string(text), "\n")
}

func TestARunIsThatOfOneRegion(t *testing.T) {
	_, region := stack(t)
	out := filepath.Join(t.TempDir(), "out")
	due := time.Now()
	var all sync.WaitGroup
	for range 5 {
		all.Add(1)
		go func() {
			defer all.Done()
			if err := region("allow", "echo ran >> "+out).run(t.Context(), due); err != nil {
				t.Error(err)
			}
		}()
	}
	all.Wait()
	if found := lines(t, out); found != 1 {
		t.Fatalf("it ran %d times", found)
	}
	if err := region("allow", "echo ran >> "+out).run(t.Context(), due.Add(time.Minute)); err != nil || lines(t, out) != 2 {
		t.Fatal("the next one did not run", err)
	}
}

func TestTheLossOfTheRegionThatKeepsTheClaimsIsSurvived(t *testing.T) {
	held, region := stack(t)
	held.lost["east"] = true
	out := filepath.Join(t.TempDir(), "out")
	for range 2 {
		if err := region("forbid", "echo ran >> "+out).run(t.Context(), time.Now().Truncate(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	if found := lines(t, out); found != 1 {
		t.Fatalf("it ran %d times", found)
	}
}

func TestARunBesideAnotherIsLeftOutWhereThatIsForbidden(t *testing.T) {
	_, region := stack(t)
	out := filepath.Join(t.TempDir(), "out")
	due := time.Now()
	first := make(chan error)
	go func() { first <- region("forbid", "echo ran >> "+out+"; sleep 2").run(t.Context(), due) }()
	for lines(t, out) == 0 {
		time.Sleep(10 * time.Millisecond)
	}
	if err := region("forbid", "echo ran >> "+out).run(t.Context(), due.Add(time.Minute)); !errors.Is(err, errGoesOn) {
		t.Fatal(err)
	}
	if err := <-first; err != nil || lines(t, out) != 1 {
		t.Fatal(err, lines(t, out))
	}
	if err := region("forbid", "echo ran >> "+out).run(t.Context(), due.Add(2*time.Minute)); err != nil || lines(t, out) != 2 {
		t.Fatal("the one after that did not run", err)
	}
}

// every is due again and again.
type every time.Duration

func (e every) Next(now time.Time) time.Time { return now.Add(time.Duration(e)) }

func TestARunTakesThePlaceOfTheOneBefore(t *testing.T) {
	_, region := stack(t)
	out := filepath.Join(t.TempDir(), "out")
	timed := region("replace", "trap 'echo ended >> "+out+"; exit 1' TERM; echo ran >> "+out+"; sleep 4 & wait")
	timed.DeadlineSeconds = 60
	timed.times = every(1500 * time.Millisecond)
	ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
	defer stop()
	timed.follow(ctx)
	text, _ := os.ReadFile(out)
	if found := string(text); !strings.HasPrefix(found, "ran\nended\nran\n") {
		t.Fatalf("%q", found)
	}
}

func TestARunThatOutlastsItsDeadlineIsEnded(t *testing.T) {
	_, region := stack(t)
	timed := region("allow", "exec sleep 60")
	timed.DeadlineSeconds = 1
	began := time.Now()
	if err := timed.run(t.Context(), time.Now()); err == nil || time.Since(began) > 5*time.Second {
		t.Fatal(err, time.Since(began))
	}
}

func TestTheProgramIsNotToldOfTheSchedules(t *testing.T) {
	_, region := stack(t)
	t.Setenv(variable, "{}")
	t.Setenv("QUEUE", "mail")
	script := `[ -z "$` + variable + `" ] && [ "$QUEUE" = mail ]`
	if err := region("allow", script).run(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
}
