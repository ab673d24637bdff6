package httpserver

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"gostack.dev/users/internal/flags"
	"gostack.dev/users/internal/observability"
)

// RequestTimeoutFlag gives some callers another deadline, like "800ms"; an empty
// text, or one that is no duration, leaves the server's own.
const RequestTimeoutFlag = "request_timeout"

const apiPrefix = "/api/"

// Flags are the feature flags, and where requests are counted by their variants.
type Flags struct {
	Flags   *flags.Flags
	Metrics *observability.FlagMetrics
}

// wrap says to the flags who asks, and counts the request by the variants
// that it had. A deadline can only become shorter than the server's.
func (f *Flags) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		if !strings.HasPrefix(request.URL.Path, apiPrefix) {
			next.ServeHTTP(writer, request)
			return
		}
		ctx, had := flags.WithCaller(request.Context(), callerKey(request), map[string]any{"method": request.Method})
		if timeout, err := time.ParseDuration(f.Flags.String(ctx, RequestTimeoutFlag, "")); err == nil && timeout > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, timeout)
			defer cancel()
		}
		started := time.Now()
		recorded := &recorder{ResponseWriter: writer}
		// A panic is answered further outside.
		status := http.StatusInternalServerError
		defer func() { f.Metrics.Request(had.Variants(), status, time.Since(started)) }()
		next.ServeHTTP(recorded, request.WithContext(ctx))
		status = recorded.code()
	})
}

// callerKey is the same for all requests of one caller, as far as a caller can be told from others.
func callerKey(request *http.Request) string {
	if client := request.Header.Get("X-Client-ID"); client != "" {
		return client
	}
	if credentials := request.Header.Get("Authorization"); credentials != "" {
		hash := sha256.Sum256([]byte(credentials))
		return hex.EncodeToString(hash[:])
	}
	return ClientAddress(request)
}
