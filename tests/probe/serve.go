package main

import (
	"context"
	"database/sql"
	"errors"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
)

// drainTime is how long requests in flight have after the signal to end.
const drainTime = 15 * time.Second

// probe is what the handlers share.
type probe struct {
	instance string
	db       *sql.DB
	sick     atomic.Bool
	begun    *counter
	stopping chan struct{}
	// stopped guards that stopping is closed once.
	stopped sync.Once
	// open counts websockets, which http.Server.Shutdown does not wait for.
	open   sync.WaitGroup
	health *health.Server
	grpc   *grpc.Server
}

func newProbe() *probe {
	p := &probe{
		instance: os.Getenv("INSTANCE_ID"),
		begun:    newCounter(),
		stopping: make(chan struct{}),
		health:   health.NewServer(),
	}
	if os.Getenv("MYSQL_PRIMARY_ADDRESS") != "" {
		p.db = open()
	}
	p.grpc = newGRPC(p)
	return p
}

// serve returns when the process was told to end and what it had begun is done.
func (p *probe) serve() error {
	listener, err := net.Listen("tcp", net.JoinHostPort(os.Getenv("PROBE_BIND"), os.Getenv("PORT")))
	if err != nil {
		return err
	}
	if os.Getenv("PROBE_GRPC") != "" {
		return p.serveGRPC(listener)
	}
	paths, calls := p.routes(), make(chan error, 1)
	handler := p.either(paths)
	if port := os.Getenv("PROBE_GRPC_PORT"); port != "" {
		more, err := net.Listen("tcp", ":"+port)
		if err != nil {
			return err
		}
		handler = paths
		go func() { calls <- p.serveGRPC(more) }()
	} else {
		calls <- nil
	}
	if port := os.Getenv("PROBE_ADMIN_PORT"); port != "" {
		handler = without("/ready", handler)
		go func() { log.Fatal(http.ListenAndServe(":"+port, paths)) }()
	}
	server := &http.Server{
		Handler:           p.begun.wrap(handler),
		IdleTimeout:       seconds(os.Getenv("PROBE_IDLE_SECONDS"), 0),
		ReadHeaderTimeout: time.Minute,
		Protocols:         new(http.Protocols),
	}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		p.awaitStop()
		limited, cancel := context.WithTimeout(context.Background(), drainTime)
		defer cancel()
		_ = server.Shutdown(limited)
		waitAtMost(&p.open, limited)
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	<-drained
	return <-calls
}

// without answers 404 on one path.
func without(path string, handler http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle(path, http.NotFoundHandler())
	mux.Handle("/", handler)
	return mux
}

func (p *probe) serveGRPC(listener net.Listener) error {
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		p.awaitStop()
		late := time.AfterFunc(drainTime, p.grpc.Stop)
		defer late.Stop()
		p.grpc.GracefulStop()
	}()
	if err := p.grpc.Serve(listener); err != nil {
		return err
	}
	<-drained
	return nil
}

// awaitStop returns once the process is told to end, and has told so everything that never ends by itself.
func (p *probe) awaitStop() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM)
	for range signals {
		if os.Getenv("PROBE_IGNORE_TERM") == "" {
			break
		}
	}
	p.stopped.Do(func() { close(p.stopping) })
	p.health.Shutdown()
}

// either gives gRPC calls to their server and everything else to the paths.
func (p *probe) either(paths http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor == 2 && strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc") {
			p.grpc.ServeHTTP(w, r)
			return
		}
		paths.ServeHTTP(w, r)
	})
}

func waitAtMost(group *sync.WaitGroup, limit context.Context) {
	done := make(chan struct{})
	go func() { group.Wait(); close(done) }()
	select {
	case <-done:
	case <-limit.Done():
	}
}
