package dynamic

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

var environmentSettings = Settings{RateLimitPerSecond: 7, RateLimitBurst: 9}

func TestAPoisonedDocumentIsRefusedAndTheOldOneStays(t *testing.T) {
	for _, document := range []string{
		``, `null`, `[]`, `{`, `{"rate_limit_per_second":"fast"}`, `{"rate_limit_per_second":-1}`,
		`{"rate_limit_burst":1.5}`, `{"rate_limit_burst":-1}`, `{"rate_limit":5}`, `{"features":{"x":"yes"}}`,
		`{} {}`, `{"rate_limit_per_second":1e300}`,
	} {
		t.Run(document, func(t *testing.T) {
			applied := 0
			store := NewStore(environmentSettings, func(Settings) { applied++ })
			if err := store.Replace([]byte(`{"rate_limit_per_second":1,"features":{"good":true}}`)); err != nil {
				t.Fatal(err)
			}
			if err := store.Replace([]byte(document)); err == nil {
				t.Error("it was accepted")
			}
			if !store.Feature("good") || store.Current().RateLimitPerSecond != 1 || applied != 2 {
				t.Errorf("the old settings are gone: %+v, applied %d times", store.Current(), applied)
			}
		})
	}
}

func TestAbsentKeysKeepTheValueOfTheEnvironment(t *testing.T) {
	store := NewStore(environmentSettings, func(Settings) {})
	if err := store.Replace([]byte(`{"features":{"x":true}}`)); err != nil {
		t.Fatal(err)
	}
	if current := store.Current(); current.RateLimitPerSecond != 7 || current.RateLimitBurst != 9 || !current.Features["x"] {
		t.Errorf("got %+v", current)
	}
}

type lines struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (l *lines) Write(content []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.text.Write(content)
}

func TestTheWatcherFollowsTheKeyThroughAPoisonedValueAndItsRemoval(t *testing.T) {
	steps := []struct {
		status   int
		document string
	}{
		{http.StatusOK, `{"rate_limit_per_second":1}`},
		{http.StatusOK, `{"rate_limit_per_second":"poison"}`},
		{http.StatusInternalServerError, ``},
		{http.StatusOK, `{"rate_limit_per_second":2}`},
		{http.StatusNotFound, ``},
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		asked = append(asked, request.URL.Path+" index="+request.URL.Query().Get("index")+" token="+request.Header.Get("X-Consul-Token"))
		if len(asked) > len(steps) {
			cancel()
			return
		}
		step := steps[len(asked)-1]
		writer.Header().Set("X-Consul-Index", fmt.Sprint(10+len(asked)))
		writer.WriteHeader(step.status)
		_, _ = writer.Write([]byte(step.document))
	}))
	defer server.Close()

	var applied []float64
	store := NewStore(environmentSettings, func(settings Settings) { applied = append(applied, settings.RateLimitPerSecond) })
	log := &lines{}
	NewWatcher(server.URL, "services/users/settings", "token", store, slog.New(slog.NewJSONHandler(log, nil))).Run(ctx)

	if fmt.Sprint(applied) != "[7 1 2 7]" {
		t.Errorf("applied %v", applied)
	}
	if asked[0] != "/v1/kv/services/users/settings index=0 token=token" || !strings.Contains(asked[1], "index=11") || !strings.Contains(asked[3], "index=0") {
		t.Errorf("asked %q", asked)
	}
	if strings.Count(log.text.String(), "were refused") != 1 || strings.Count(log.text.String(), "cannot be read from Consul") != 1 {
		t.Errorf("log: %s", log.text.String())
	}
}
