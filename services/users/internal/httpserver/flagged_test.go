package httpserver

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"gostack.dev/users/internal/configuration"
	"gostack.dev/users/internal/flags"
	"gostack.dev/users/internal/observability"
)

func TestAFlagShortensTheDeadlineOfSomeAndRequestsCountByVariant(t *testing.T) {
	logger := slog.New(slog.NewTextHandler(io.Discard, nil))
	metrics := observability.NewMetrics(configuration.Identity{})
	counted := observability.NewFlagMetrics(metrics)
	evaluated, err := flags.New(t.Context(), flags.Options{Evaluated: counted.Evaluated, Taken: counted.Document, Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	document := `{"flags":{"request_timeout":{"state":"ENABLED","variants":{"usual":"","hopeless":"1ns"},"defaultVariant":"usual",
		"targeting":{"if":[{"==":[{"var":"targetingKey"},"unlucky"]},"hopeless"]}}}}`
	if err := evaluated.Replace([]byte(document)); err != nil {
		t.Fatal(err)
	}
	router := NewRouter(logger)
	router.Handle("GET /api/thing", func(request *http.Request) (Reply, error) {
		if request.Header.Get("X-Panic") != "" {
			panic("a fault")
		}
		if err := request.Context().Err(); err != nil {
			return Reply{}, &Failure{Status: http.StatusServiceUnavailable, Message: "late", Cause: err}
		}
		return Reply{Status: http.StatusOK}, nil
	})
	router.HandlePlain("GET /metrics", metrics.Handler())
	server := New(Options{
		Router: router, Health: NewHealth(Without{}), Metrics: metrics, Logger: logger,
		Allow: func() bool { return true }, Feature: func(string) bool { return false },
		Flags: &Flags{Flags: evaluated, Metrics: counted}, RequestTimeout: 1e9, MaximumBodyBytes: 1,
	})
	ask := func(path string, headers ...string) *httptest.ResponseRecorder {
		request := httptest.NewRequest(http.MethodGet, path, nil)
		for position := 0; position < len(headers); position += 2 {
			request.Header.Set(headers[position], headers[position+1])
		}
		answer := httptest.NewRecorder()
		server.Handler().ServeHTTP(answer, request)
		return answer
	}
	for _, test := range []struct {
		headers []string
		status  int
	}{
		{[]string{"X-Client-ID", "unlucky"}, http.StatusServiceUnavailable},
		{[]string{"X-Client-ID", "other"}, http.StatusOK},
		{[]string{"X-Client-ID", "other", "X-Panic", "1"}, http.StatusInternalServerError},
	} {
		if found := ask("/api/thing", test.headers...).Code; found != test.status {
			t.Errorf("%v answers %d", test.headers, found)
		}
	}
	if err := evaluated.Replace([]byte(strings.Replace(document, "ENABLED", "DISABLED", 1))); err != nil {
		t.Fatal(err)
	}
	if found := ask("/api/thing", "X-Client-ID", "unlucky").Code; found != http.StatusOK {
		t.Errorf("with the flag off it answers %d", found)
	}
	if err := evaluated.Replace([]byte("{")); err == nil {
		t.Error("a malformed document was accepted")
	}
	shown := ask("/metrics").Body.String()
	for _, line := range []string{
		`feature_flag_request_duration_seconds_count{flag="request_timeout",outcome="failed",variant="hopeless"} 1`,
		`feature_flag_request_duration_seconds_count{flag="request_timeout",outcome="ok",variant="usual"} 1`,
		`feature_flag_request_duration_seconds_count{flag="request_timeout",outcome="failed",variant="usual"} 1`,
		`feature_flag_request_duration_seconds_count{flag="request_timeout",outcome="ok",variant="none"} 1`,
		`feature_flag_evaluations_total{flag="request_timeout",reason="TARGETING_MATCH",variant="hopeless"} 1`,
		`feature_flag_evaluations_total{flag="request_timeout",reason="DISABLED",variant="none"} 1`,
		`feature_flag_documents_total{result="in_force"} 2`,
		`feature_flag_documents_total{result="refused"} 1`,
	} {
		if !strings.Contains(shown, line+"\n") {
			t.Errorf("%s is missing", line)
		}
	}
}

func TestACallerIsKnownByWhatItSaysOfItself(t *testing.T) {
	keys := map[string]bool{}
	for _, headers := range []map[string]string{
		{"X-Client-ID": "a", "Authorization": "b", "X-Real-IP": "10.0.0.1"},
		{"Authorization": "b", "X-Real-IP": "10.0.0.1"},
		{"X-Real-IP": "10.0.0.1"},
		{},
	} {
		request := httptest.NewRequest(http.MethodGet, "/", nil)
		for name, value := range headers {
			request.Header.Set(name, value)
		}
		keys[callerKey(request)] = true
	}
	if !keys["a"] || !keys["10.0.0.1"] || !keys["192.0.2.1"] || keys["b"] || len(keys) != 4 {
		t.Errorf("the keys are %v", keys)
	}
}
