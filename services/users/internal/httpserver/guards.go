package httpserver

import (
	"context"
	"net/http"
	"time"
)

// ReadOnlyFeature is the switch that refuses writes, for maintenance on the database.
const ReadOnlyFeature = "read_only"

// withDeadline gives every query below it the same deadline.
func withDeadline(timeout time.Duration, next http.Handler) http.Handler {
	return http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		ctx, cancel := context.WithTimeout(request.Context(), timeout)
		defer cancel()
		next.ServeHTTP(writer, request.WithContext(ctx))
	})
}

func limitBody(largest int, next http.Handler) http.Handler {
	return http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		request.Body = http.MaxBytesReader(writer, request.Body, int64(largest))
		next.ServeHTTP(writer, request)
	})
}

// limitRate leaves health checks and metrics alone: an instance that is busy
// must not look like one that is ill.
func limitRate(allow func() bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		if !isInternal(request.URL.Path) && !allow() {
			writeFailure(writer, &Failure{Status: http.StatusTooManyRequests, Message: "too many requests", RetryAfterSeconds: 1})
			return
		}
		next.ServeHTTP(writer, request)
	})
}

func refuseWrites(feature func(string) bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		reading := request.Method == http.MethodGet || request.Method == http.MethodHead
		if !isInternal(request.URL.Path) && !reading && feature(ReadOnlyFeature) {
			writeFailure(writer, &Failure{Status: http.StatusServiceUnavailable, Message: "the service is read-only at the moment", RetryAfterSeconds: 30})
			return
		}
		next.ServeHTTP(writer, request)
	})
}
