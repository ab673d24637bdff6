package httpserver

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"gostack.dev/users/internal/observability"
)

const longestRequestID = 128

// observe gives every request its ids, its span, its measurement and its line
// in the log, and turns a panic into an answer.
func observe(router *Router, metrics *observability.Metrics, logger *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		started := time.Now()
		route := router.Pattern(request)
		internal := isInternal(request.URL.Path)

		requestID := acceptedRequestID(request.Header.Get("X-Request-ID"))
		ctx := observability.WithRequestID(request.Context(), requestID)
		ctx = observability.RemoteContext(ctx, request.Header)
		if !internal {
			var span trace.Span
			ctx, span = otel.Tracer("gostack.dev/users/internal/httpserver").Start(ctx, request.Method+" "+route,
				trace.WithSpanKind(trace.SpanKindServer),
				trace.WithAttributes(
					attribute.String("http.request.method", request.Method),
					attribute.String("http.route", route),
					attribute.String("url.path", request.URL.Path),
					attribute.String("request.id", requestID),
				))
			defer span.End()
		}
		writer.Header().Set("X-Request-ID", requestID)
		if span := trace.SpanContextFromContext(ctx); span.HasTraceID() {
			writer.Header().Set("X-Trace-ID", span.TraceID().String())
		}

		finished := metrics.RequestStarted(request.Method, route)
		recorded := &recorder{ResponseWriter: writer}
		request = request.WithContext(ctx)
		defer func() {
			if problem := recover(); problem != nil {
				if err, isError := problem.(error); isError && errors.Is(err, http.ErrAbortHandler) {
					panic(problem)
				}
				logger.ErrorContext(ctx, "a handler panicked", "error", fmt.Sprint(problem), "stack", string(debug.Stack()))
				if recorded.status == 0 {
					writeFailure(recorded, errors.New("panic"))
				}
			}
			took := time.Since(started)
			finished(recorded.code(), took)
			span := trace.SpanFromContext(ctx)
			span.SetAttributes(attribute.Int("http.response.status_code", recorded.code()))
			if recorded.code() >= http.StatusInternalServerError {
				span.SetStatus(codes.Error, http.StatusText(recorded.code()))
			}
			level := slog.LevelInfo
			if internal {
				level = slog.LevelDebug
			}
			logger.Log(ctx, level, "request",
				"method", request.Method, "path", request.URL.Path, "route", route, "status", recorded.code(),
				"duration_ms", float64(took.Microseconds())/1000, "bytes", recorded.written, "client", ClientAddress(request))
		}()
		next.ServeHTTP(recorded, request)
	})
}

// isInternal tells the platform's own questions from the callers': they come
// every second and would drown everything else.
func isInternal(path string) bool {
	return strings.HasPrefix(path, "/health/") || path == "/metrics"
}

// ClientAddress is where a request comes from, as the ingress says, which takes no client's word for it.
func ClientAddress(request *http.Request) string {
	if address := request.Header.Get("X-Real-IP"); address != "" {
		return address
	}
	if host, _, err := net.SplitHostPort(request.RemoteAddr); err == nil {
		return host
	}
	return request.RemoteAddr
}

// acceptedRequestID refuses ids that could forge a log line or fill the disk.
func acceptedRequestID(id string) string {
	if id != "" && len(id) <= longestRequestID && strings.IndexFunc(id, isUnusual) < 0 {
		return id
	}
	var random [16]byte
	_, _ = rand.Read(random[:])
	return hex.EncodeToString(random[:])
}

func isUnusual(letter rune) bool {
	switch {
	case letter >= '0' && letter <= '9', letter >= 'a' && letter <= 'z', letter >= 'A' && letter <= 'Z':
		return false
	}
	return !strings.ContainsRune("-_.:", letter)
}

type recorder struct {
	http.ResponseWriter
	status  int
	written int
}

// WriteHeader remembers the status on its way out.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write counts the bytes on their way out.
func (r *recorder) Write(content []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	written, err := r.ResponseWriter.Write(content)
	r.written += written
	return written, err
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *recorder) code() int {
	if r.status == 0 {
		return http.StatusOK
	}
	return r.status
}
