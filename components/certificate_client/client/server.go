package main

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// server answers challenges and tells metrics without TLS, and hands the certificate out with it.
type server struct {
	given   configuration
	answers *tokens
	metrics *metrics
	current atomic.Pointer[pair]

	mutex   sync.Mutex
	absent  map[string]bool
	serving chan struct{}
}

func newServer(given configuration, answers *tokens, metrics *metrics) *server {
	made := &server{
		given: given, answers: answers, metrics: metrics, absent: map[string]bool{}, serving: make(chan struct{}),
	}
	for _, region := range given.Regions {
		made.absent[region] = true
	}
	return made
}

func (s *server) publish(issued pair) { s.current.Store(&issued) }

// seen notes that a region's ingress serves.
func (s *server) seen(region string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if !s.absent[region] {
		return
	}
	delete(s.absent, region)
	if len(s.absent) == 0 {
		close(s.serving)
	}
}

func (s *server) plain() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET "+challengePath+"{token}", s.answers)
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	return mux
}

// secret is for ingresses alone: `/certificate?region=NAME` of one that serves already.
func (s *server) secret() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /certificate", func(w http.ResponseWriter, r *http.Request) {
		shown, wanted := sha256.Sum256([]byte(r.Header.Get("Authorization"))), sha256.Sum256([]byte("Bearer "+s.given.Token))
		if subtle.ConstantTimeCompare(shown[:], wanted[:]) != 1 {
			http.Error(w, "this is for the ingresses of the stack", http.StatusUnauthorized)
			return
		}
		s.seen(r.URL.Query().Get("region"))
		issued := s.current.Load()
		if issued == nil {
			http.Error(w, "no certificate was issued yet", http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "application/x-pem-file")
		_, _ = w.Write(issued.bundle())
	})
	return mux
}

// run serves until the context ends.
func (s *server) run(ctx context.Context, plain, secret net.Listener) error {
	own, err := s.given.keyPair()
	if err != nil {
		return err
	}
	secret = tls.NewListener(secret, &tls.Config{Certificates: []tls.Certificate{own}, MinVersion: tls.VersionTLS13})
	ended := make(chan error, 2)
	for listener, handler := range map[net.Listener]http.Handler{plain: s.plain(), secret: s.secret()} {
		served := &http.Server{
			Handler: handler, ReadHeaderTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, MaxHeaderBytes: 16 << 10,
		}
		go func() { ended <- served.Serve(listener) }()
		defer func() { _ = served.Close() }()
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-ended:
		return errors.Join(err, ctx.Err())
	}
}
