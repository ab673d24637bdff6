// Package observability makes the service visible: logs, metrics and traces.
package observability

import (
	"context"
	"io"
	"log/slog"

	"go.opentelemetry.io/otel/trace"

	"gostack.dev/users/internal/configuration"
)

type requestIDKey struct{}

// WithRequestID lets every log line below this context name the request.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// NewLogger writes one JSON object a line with the keys timestamp, level,
// service, trace_id, span_id and message, and whatever else the line has to say.
func NewLogger(output io.Writer, level slog.Level, identity configuration.Identity) *slog.Logger {
	handler := slog.NewJSONHandler(output, &slog.HandlerOptions{Level: level, ReplaceAttr: renameKeys})
	return slog.New(contextHandler{handler}).With("service", identity.Service, "region", identity.Region, "track", identity.Track)
}

func renameKeys(groups []string, attribute slog.Attr) slog.Attr {
	if len(groups) > 0 {
		return attribute
	}
	switch attribute.Key {
	case slog.TimeKey:
		attribute.Key = "timestamp"
	case slog.MessageKey:
		attribute.Key = "message"
	}
	return attribute
}

// contextHandler adds the ids to every line, so that no caller can forget them.
type contextHandler struct{ slog.Handler }

func (ch contextHandler) Handle(ctx context.Context, record slog.Record) error {
	var traceID, spanID string
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		traceID, spanID = span.TraceID().String(), span.SpanID().String()
	}
	requestID, _ := ctx.Value(requestIDKey{}).(string)
	record.AddAttrs(slog.String("trace_id", traceID), slog.String("span_id", spanID), slog.String("request_id", requestID))
	return ch.Handler.Handle(ctx, record)
}

func (ch contextHandler) WithAttrs(attributes []slog.Attr) slog.Handler {
	return contextHandler{ch.Handler.WithAttrs(attributes)}
}

func (ch contextHandler) WithGroup(name string) slog.Handler {
	return contextHandler{ch.Handler.WithGroup(name)}
}
