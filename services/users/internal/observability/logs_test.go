package observability

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"testing"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"gostack.dev/users/internal/configuration"
)

const knownTraceID = "0af7651916cd43dd8448eb211c80319c"

func TestEveryLineHasTheAgreedKeys(t *testing.T) {
	var output bytes.Buffer
	logger := NewLogger(&output, slog.LevelInfo, configuration.Identity{Service: "users", Region: "east", Track: "canary"})
	otel.SetTextMapPropagator(propagation.TraceContext{})
	caller := http.Header{"Traceparent": {"00-" + knownTraceID + "-b7ad6b7169203331-01"}}
	ctx := RemoteContext(WithRequestID(t.Context(), "request-1"), caller)
	logger.InfoContext(ctx, "hello", "extra", 1)

	var line map[string]any
	if err := json.Unmarshal(output.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	for key, expected := range map[string]any{
		"level": "INFO", "service": "users", "region": "east", "track": "canary", "message": "hello",
		"trace_id": knownTraceID, "span_id": "b7ad6b7169203331", "request_id": "request-1", "extra": float64(1),
	} {
		if line[key] != expected {
			t.Errorf("%s is %v", key, line[key])
		}
	}
	if line["timestamp"] == nil || line["time"] != nil || line["msg"] != nil {
		t.Errorf("keys: %v", line)
	}
}

func TestTheCallersTraceIsTakenOver(t *testing.T) {
	otel.SetTextMapPropagator(propagation.TraceContext{})
	for name, test := range map[string]struct {
		header   http.Header
		expected string
	}{
		"from traceparent first":     {http.Header{"Traceparent": {"00-" + knownTraceID + "-b7ad6b7169203331-01"}, "X-Trace-Id": {"ffffffffffffffffffffffffffffffff"}}, knownTraceID},
		"from X-Trace-ID":            {http.Header{"X-Trace-Id": {knownTraceID}}, knownTraceID},
		"from X-Trace-ID as a UUID":  {http.Header{"X-Trace-Id": {"0AF76519-16cd-43dd-8448-eb211c80319c"}}, knownTraceID},
		"not from something else":    {http.Header{"X-Trace-Id": {"../../etc"}}, ""},
		"not from an all-zero trace": {http.Header{"X-Trace-Id": {"00000000000000000000000000000000"}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var got string
			if span := trace.SpanContextFromContext(RemoteContext(t.Context(), test.header)); span.IsValid() {
				got = span.TraceID().String()
			}
			if got != test.expected {
				t.Errorf("trace %q", got)
			}
		})
	}
}
