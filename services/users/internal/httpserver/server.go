package httpserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"gostack.dev/users/internal/observability"
)

const (
	headerTimeout = 5 * time.Second
	bodyTimeout   = 15 * time.Second
	// What a client that reads slowly has for the answer, behind what the body and
	// the work may take.
	answerTimeout = 15 * time.Second
	// Longer than a proxy keeps its idle connections, so that it is never the
	// service that closes one just as a request comes in.
	idleTimeout       = 90 * time.Second
	largestHeaderSize = 32 << 10
)

// Options is what a server needs to know.
type Options struct {
	Router  *Router
	Health  *Health
	Metrics *observability.Metrics
	Logger  *slog.Logger
	Allow   func() bool
	Feature func(name string) bool
	// Flags may be nil: a server without feature flags.
	Flags            *Flags
	RequestTimeout   time.Duration
	MaximumBodyBytes int
	DrainDuration    time.Duration
	ShutdownTimeout  time.Duration
	// After is time.After; a test brings its own clock.
	After func(time.Duration) <-chan time.Time
}

// Server serves the routes until it is told to stop.
type Server struct {
	options Options
	handler http.Handler
}

// New puts the middleware around the routes.
func New(options Options) *Server {
	if options.After == nil {
		options.After = time.After
	}
	var handler http.Handler = options.Router
	if options.Flags != nil {
		handler = options.Flags.wrap(handler)
	}
	handler = refuseWrites(options.Feature, handler)
	handler = limitRate(options.Allow, handler)
	handler = withDeadline(options.RequestTimeout, handler)
	handler = observe(options.Router, options.Metrics, options.Logger, handler)
	// Around whatever wraps the writer: only the server's own can close the connection over a body that is too large.
	handler = limitBody(options.MaximumBodyBytes, handler)
	server := &Server{options: options}
	server.handler = server.closeWhileDraining(handler)
	return server
}

// Handler is the whole server without its socket.
func (s *Server) Handler() http.Handler { return s.handler }

// Run serves until the context ends, then leaves without refusing anybody: it
// fails readiness at once, still serves until the platform has noticed, and
// finishes what is in flight.
func (s *Server) Run(ctx context.Context, listener net.Listener) error {
	inner := s.inner()
	stopped := make(chan error, 1)
	go func() { stopped <- inner.Serve(listener) }()
	select {
	case err := <-stopped:
		return fmt.Errorf("the server stopped by itself: %w", err)
	case <-ctx.Done():
	}

	s.options.Health.Drain()
	s.options.Logger.Info("draining: readiness fails from now on", "seconds", s.options.DrainDuration.Seconds())
	select {
	case err := <-stopped:
		return fmt.Errorf("the server stopped by itself: %w", err)
	case <-s.options.After(s.options.DrainDuration):
	}

	deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.options.ShutdownTimeout)
	defer cancel()
	if err := inner.Shutdown(deadline); err != nil {
		_ = inner.Close()
		return fmt.Errorf("requests were still in flight after %s and were cut off: %w", s.options.ShutdownTimeout, err)
	}
	if err := <-stopped; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (s *Server) inner() *http.Server {
	return &http.Server{
		Handler:           s.handler,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       bodyTimeout,
		// It counts from the end of the headers: a request that used its time must still get its answer.
		WriteTimeout:   bodyTimeout + s.options.RequestTimeout + answerTimeout,
		IdleTimeout:    idleTimeout,
		MaxHeaderBytes: largestHeaderSize,
		ErrorLog:       slog.NewLogLogger(s.options.Logger.Handler(), slog.LevelWarn),
	}
}

// closeWhileDraining asks callers with a kept connection to open the next one elsewhere.
func (s *Server) closeWhileDraining(next http.Handler) http.Handler {
	return http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		if s.options.Health.Draining() {
			writer.Header().Set("Connection", "close")
		}
		next.ServeHTTP(writer, request)
	})
}
