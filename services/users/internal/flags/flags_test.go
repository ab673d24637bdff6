package flags

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/open-feature/go-sdk/openfeature"

	"gostack.dev/users/internal/dynamic"
)

const on = `{"flags":{"x":{"state":"ENABLED","variants":{"on":true,"off":false},"defaultVariant":"on"}}}`

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

func started(t *testing.T, options Options) *Flags {
	t.Helper()
	options.Logger = quiet
	flags, err := New(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	return flags
}

func TestEveryUserHasTheVariantThatFlagdGivesHim(t *testing.T) {
	text, err := os.ReadFile("testdata/flagd.json")
	if err != nil {
		t.Fatal(err)
	}
	// Written by flagd's own evaluator for Python, openfeature-flagd-core 2.0.0.
	var reference struct {
		Document json.RawMessage
		Cases    []struct {
			Flag, Key, Variant string
			Attributes         map[string]any
		}
	}
	if err := json.Unmarshal(text, &reference); err != nil {
		t.Fatal(err)
	}
	flags := started(t, Options{})
	if err := flags.Replace(reference.Document); err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, expected := range reference.Cases {
		caller := openfeature.NewEvaluationContext(expected.Key, expected.Attributes)
		found, err := flags.Client().ObjectValueDetails(t.Context(), expected.Flag, nil, caller)
		if err != nil || found.Variant != expected.Variant {
			t.Errorf("%s for %q: %q, flagd says %q (%v)", expected.Flag, expected.Key, found.Variant, expected.Variant, err)
		}
		seen[expected.Flag+found.Variant]++
	}
	if len(seen) < 12 {
		t.Errorf("the cases do not have all variants: %v", seen)
	}
}

func TestAShareOfUsersIsAsLargeAsItSaysAndStays(t *testing.T) {
	flags := started(t, Options{})
	share := func(percent int) map[int]bool {
		text := fmt.Sprintf(`{"flags":{"x":{"state":"ENABLED","variants":{"on":true,"off":false},"defaultVariant":"off",
			"targeting":{"fractional":[["on",%d],["off",%d]]}}}}`, percent, 100-percent)
		if err := flags.Replace([]byte(text)); err != nil {
			t.Fatal(err)
		}
		chosen := map[int]bool{}
		for user := range 4000 {
			ctx, _ := WithCaller(t.Context(), fmt.Sprintf("user-%d", user), nil)
			if flags.Boolean(ctx, "x", false) {
				chosen[user] = true
			}
		}
		return chosen
	}
	few, more := share(5), share(25)
	if len(few) < 140 || len(few) > 260 || len(more) < 880 || len(more) > 1120 {
		t.Errorf("5 %% are %d and 25 %% are %d of 4000", len(few), len(more))
	}
	for user := range few {
		if !more[user] {
			t.Fatalf("user %d had the variant at 5 %% and lost it at 25 %%", user)
		}
	}
	ctx, _ := WithCaller(t.Context(), "", nil)
	if flags.Boolean(ctx, "x", true) {
		t.Error("a caller without a key belongs to no share: the default variant is his")
	}
}

func TestAFlagFollowsItsSchedule(t *testing.T) {
	now := time.Unix(1_000, 0)
	flags := started(t, Options{Now: func() time.Time { return now }})
	err := flags.Replace([]byte(`{"flags":{"x":{"state":"ENABLED","variants":{"on":true,"off":false},"defaultVariant":"off","targeting":
		{"if":[{"<":[{"var":"$flagd.timestamp"},2000]},"off",{">=":[{"var":"$flagd.timestamp"},3000]},"off","on"]}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	for at, expected := range map[int64]bool{1_000: false, 1_999: false, 2_000: true, 2_999: true, 3_000: false} {
		now = time.Unix(at, 0)
		if found := flags.Boolean(t.Context(), "x", !expected); found != expected {
			t.Errorf("at %d it is %t", at, found)
		}
	}
}

func TestRulesKnowTheInstanceAndTheRequest(t *testing.T) {
	flags := started(t, Options{Attributes: map[string]any{"region": "west"}})
	err := flags.Replace([]byte(`{"flags":{"x":{"state":"ENABLED","variants":{"fast":"1ms","usual":""},"defaultVariant":"usual","targeting":
		{"if":[{"and":[{"==":[{"var":"region"},"west"]},{"==":[{"var":"method"},"GET"]}]},"fast"]}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	for method, expected := range map[string]string{"GET": "1ms", "POST": ""} {
		ctx, request := WithCaller(t.Context(), "somebody", map[string]any{"method": method})
		if found := flags.String(ctx, "x", "default"); found != expected {
			t.Errorf("%s has %q", method, found)
		}
		if variants := request.Variants(); len(variants) != 1 || (variants["x"] == "fast") != (method == "GET") {
			t.Errorf("%s is remembered with %v", method, variants)
		}
	}
}

func TestWhatIsOffOrUnknownGivesTheDefaultOfTheCode(t *testing.T) {
	var told []string
	flags := started(t, Options{Evaluated: func(flag, variant, reason string) { told = append(told, flag+" "+variant+" "+reason) }})
	if !flags.Boolean(t.Context(), "x", true) || flags.Boolean(t.Context(), "x", false) {
		t.Error("a flag that nobody set has a value of its own")
	}
	if err := flags.Replace([]byte(strings.Replace(on, "ENABLED", "DISABLED", 1))); err != nil {
		t.Fatal(err)
	}
	if flags.Boolean(t.Context(), "x", false) {
		t.Error("a flag that is off has the value of its document")
	}
	if err := flags.Replace([]byte(on)); err != nil {
		t.Fatal(err)
	}
	if flags.String(t.Context(), "x", "text") != "text" {
		t.Error("a flag of another type has a value")
	}
	flags.Reset()
	if flags.Boolean(t.Context(), "x", false) {
		t.Error("a flag whose document is gone has its value still")
	}
	expected := []string{"x  FLAG_NOT_FOUND", "x  FLAG_NOT_FOUND", "x  DISABLED", "x  TYPE_MISMATCH", "x  FLAG_NOT_FOUND"}
	if fmt.Sprint(told) != fmt.Sprint(expected) {
		t.Errorf("told %q", told)
	}
}

func TestNumbersKeepTheirKind(t *testing.T) {
	flags := started(t, Options{})
	err := flags.Replace([]byte(`{"flags":{
		"whole":{"state":"ENABLED","variants":{"big":9007199254740993},"defaultVariant":"big"},
		"part":{"state":"ENABLED","variants":{"half":0.5},"defaultVariant":"half"},
		"object":{"state":"ENABLED","variants":{"some":{"a":[1]}},"defaultVariant":"some"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	none := openfeature.EvaluationContext{}
	if found := flags.Client().Int(t.Context(), "whole", 0, none); found != 9007199254740993 {
		t.Errorf("the whole number is %d", found)
	}
	if found := flags.Client().Float(t.Context(), "part", 0, none); found != 0.5 {
		t.Errorf("the half is %v", found)
	}
	if found := fmt.Sprint(flags.Client().Object(t.Context(), "object", nil, none)); found != "map[a:[1]]" {
		t.Errorf("the object is %s", found)
	}
}

func TestAMalformedDocumentIsKeptOutAndCounted(t *testing.T) {
	flag := func(text string) string { return `{"flags":{"x":` + text + `}}` }
	for _, document := range []string{
		``, `null`, `[]`, `{`, `{}`, `{"flags":[]}`, on + on,
		flag(`{"state":"ON","variants":{"on":true},"defaultVariant":"on"}`),
		flag(`{"state":"ENABLED","variants":{"on":true},"defaultVariant":"off"}`),
		flag(`{"state":"ENABLED","variants":{"on":true}}`),
		flag(`{"state":"ENABLED","variants":{"on":true},"defaultVariant":"on","targeting":{"fractional":[["on","many"]]}}`),
		flag(`{"state":"ENABLED","variants":{"on":true},"defaultVariant":"on","targeting":{"fractional":[["on",0]]}}`),
		flag(`{"state":"ENABLED","variants":{"on":true},"defaultVariant":"on","targeting":{"if":[{"sounds_like":[1,2]},"on"]}}`),
		flag(`{"state":"ENABLED","variants":{"on":true},"defaultVariant":"on","targeting":{"ends_with":["a"]}}`),
		flag(`{"state":"ENABLED","variants":{"on":true},"defaultVariant":"on","targeting":{"+":[1,2]}}`),
	} {
		t.Run(document, func(t *testing.T) {
			var taken []bool
			flags := started(t, Options{Taken: func(good bool) { taken = append(taken, good) }})
			if err := flags.Replace([]byte(on)); err != nil {
				t.Fatal(err)
			}
			if err := flags.Replace([]byte(document)); err == nil {
				t.Error("it was accepted")
			}
			if !flags.Boolean(t.Context(), "x", false) || fmt.Sprint(taken) != "[true false]" {
				t.Errorf("the last good one is gone, or not counted: %v", taken)
			}
		})
	}
}

func TestARuleThatNamesNoVariantGivesTheDefaultOfTheCode(t *testing.T) {
	flags := started(t, Options{})
	err := flags.Replace([]byte(`{"flags":{"x":{"state":"ENABLED","variants":{"on":true},"defaultVariant":"on","targeting":{"if":[true,"of"]}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if flags.Boolean(t.Context(), "x", false) {
		t.Error("it has a value")
	}
}

// consul is a key of Consul's KV, with blocking queries as an agent answers them.
type consul struct {
	mutex    sync.Mutex
	index    int
	document string
	away     bool
	changed  chan struct{}
}

func (c *consul) set(document string, away bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.index++
	c.document, c.away = document, away
	close(c.changed)
	c.changed = make(chan struct{})
}

func (c *consul) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	c.mutex.Lock()
	changed, known := c.changed, request.URL.Query().Get("index") == fmt.Sprint(c.index)
	c.mutex.Unlock()
	if known {
		select {
		case <-changed:
		case <-request.Context().Done():
			return
		}
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.away || request.URL.Path != "/v1/kv/flags/users" {
		http.Error(writer, "No cluster leader", http.StatusInternalServerError)
		return
	}
	writer.Header().Set("X-Consul-Index", fmt.Sprint(c.index))
	if c.document == "" {
		writer.WriteHeader(http.StatusNotFound)
	}
	_, _ = io.WriteString(writer, c.document)
}

func until(t *testing.T, within time.Duration, what string, so func() bool) time.Duration {
	t.Helper()
	began := time.Now()
	for !so() {
		if time.Since(began) > within {
			t.Fatalf("after %s it is not so: %s", within, what)
		}
		time.Sleep(5 * time.Millisecond)
	}
	return time.Since(began)
}

func TestTheFlagsFollowConsulAndStayWhileItIsAway(t *testing.T) {
	server := &consul{index: 1, away: true, changed: make(chan struct{})}
	agent := httptest.NewServer(server)
	var refused int
	var mutex sync.Mutex
	flags := started(t, Options{Taken: func(good bool) {
		mutex.Lock()
		defer mutex.Unlock()
		if !good {
			refused++
		}
	}})
	isOn := func() bool { return flags.Boolean(t.Context(), "x", false) }
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		dynamic.NewWatcher(agent.URL, "flags/users", "", flags, quiet).Run(ctx)
	}()
	defer func() { cancel(); <-stopped; agent.Close() }()

	if isOn() {
		t.Error("a start without Consul has no defaults")
	}
	server.set(on, false)
	until(t, 5*time.Second, "the first document is in force", isOn)
	server.set("", true)
	time.Sleep(300 * time.Millisecond)
	if !isOn() {
		t.Error("the flags went with Consul")
	}
	server.set(`{"flags":`, false)
	until(t, 5*time.Second, "the malformed document is refused", func() bool {
		mutex.Lock()
		defer mutex.Unlock()
		return refused == 1
	})
	if !isOn() {
		t.Error("the last good document is gone")
	}
	server.set(strings.Replace(on, "ENABLED", "DISABLED", 1), false)
	t.Logf("off after %s", until(t, 2*time.Second, "it is off", func() bool { return !isOn() }))
}

func TestTheLastDocumentIsThereAtTheNextStart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "flags.json")
	first := started(t, Options{File: file})
	if err := first.Replace([]byte(on)); err != nil {
		t.Fatal(err)
	}
	if err := first.Replace([]byte("{")); err == nil {
		t.Fatal("a malformed document was accepted")
	}
	if !started(t, Options{File: file}).Boolean(t.Context(), "x", false) {
		t.Error("the next start has nothing")
	}
	first.Reset()
	if started(t, Options{File: file}).Boolean(t.Context(), "x", false) {
		t.Error("the next start has flags whose key is gone")
	}
	if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if started(t, Options{File: file}).Boolean(t.Context(), "x", false) {
		t.Error("a file that is cut off has flags")
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(file), ".flags-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
