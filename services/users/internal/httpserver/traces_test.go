package httpserver

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"net/http"
	"testing"

	"gostack.dev/users/internal/configuration"
	"gostack.dev/users/internal/observability"
	"gostack.dev/users/internal/observability/otlptest"
)

const (
	callersTrace = "0af7651916cd43dd8448eb211c80319c"
	ingressSpan  = "b7ad6b7169203331"
)

// traced sends one request and returns what came back of its trace.
func traced(t *testing.T, header http.Header) (answered string, spans []map[string]string, line map[string]any) {
	t.Helper()
	receiver := otlptest.Start(t)
	flush, err := observability.StartTracing(t.Context(), configuration.Identity{Service: "test"}, true, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	fixture := newFixture()
	var log bytes.Buffer
	fixture.options.Logger = observability.NewLogger(&log, slog.LevelInfo, configuration.Identity{})
	fixture.router.Handle("GET /api/thing", ok)
	recorded := fixture.ask(http.MethodGet, "/api/thing", header)
	if err := flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, span := range receiver.Spans() {
		spans = append(spans, map[string]string{
			"trace":  hex.EncodeToString(span.GetTraceId()),
			"span":   hex.EncodeToString(span.GetSpanId()),
			"parent": hex.EncodeToString(span.GetParentSpanId()),
		})
	}
	if err := json.Unmarshal(log.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	return recorded.Header().Get("X-Trace-ID"), spans, line
}

func TestARequestIsASpanBelowTheIngressAndHasOneIDEverywhere(t *testing.T) {
	answered, spans, line := traced(t, http.Header{
		"Traceparent": {"00-" + callersTrace + "-" + ingressSpan + "-01"},
		"X-Trace-Id":  {callersTrace},
	})
	if len(spans) != 1 || spans[0]["trace"] != callersTrace || spans[0]["parent"] != ingressSpan {
		t.Fatalf("spans %v", spans)
	}
	if answered != callersTrace || line["trace_id"] != callersTrace || line["span_id"] != spans[0]["span"] {
		t.Errorf("answered %q, logged %v", answered, line)
	}
}

func TestATraceThatBeginsHereIsTheOneThatTheAnswerNames(t *testing.T) {
	for name, header := range map[string]http.Header{
		"nothing said": {},
		"no trace":     {"X-Trace-Id": {"my-own-request-77"}},
	} {
		t.Run(name, func(t *testing.T) {
			answered, spans, line := traced(t, header)
			if len(spans) != 1 || spans[0]["trace"] != answered || line["trace_id"] != answered {
				t.Errorf("answered %q, logged %v, spans %v", answered, line, spans)
			}
		})
	}
}

func TestWhatTheCallerDoesNotRecordIsNotRecordedHereAndKeepsItsID(t *testing.T) {
	answered, spans, line := traced(t, http.Header{"Traceparent": {"00-" + callersTrace + "-" + ingressSpan + "-00"}})
	if len(spans) != 0 || answered != callersTrace || line["trace_id"] != callersTrace {
		t.Errorf("answered %q, logged %v, spans %v", answered, line, spans)
	}
}
