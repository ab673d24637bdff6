package main

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestTheExpiryOfACertificateIsSeenThoughNobodyTrustsIt(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	leaf := server.Certificate()
	seen := newCertificates(nil, nil, prometheus.NewRegistry())
	must(t, seen.ask(t.Context(), "east", server.Listener.Addr().String(), "shop.example.com"))
	if got := testutil.ToFloat64(seen.notAfter.WithLabelValues("east", "shop.example.com")); got != float64(leaf.NotAfter.Unix()) {
		t.Errorf("%v", got)
	}
	if got := testutil.ToFloat64(seen.notBefore.WithLabelValues("east", "shop.example.com")); got != float64(leaf.NotBefore.Unix()) {
		t.Errorf("%v", got)
	}
	server.Close()
	if seen.ask(t.Context(), "east", server.Listener.Addr().String(), "shop.example.com") == nil {
		t.Error("it answers")
	}
	if got := testutil.CollectAndCount(seen.notAfter); got != 1 {
		t.Errorf("what was seen is forgotten: %d series", got)
	}
}

func TestEachHostIsAskedForItsOwnCertificate(t *testing.T) {
	asked := make(chan string, 2)
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS = &tls.Config{GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		asked <- hello.ServerName
		return nil, nil
	}}
	server.StartTLS()
	t.Cleanup(server.Close)
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	seen := newCertificates(map[string]string{"east": server.Listener.Addr().String()}, []string{"a.example", "127.0.0.1"}, prometheus.NewRegistry())
	go seen.run(ctx)
	// Who asks for an address names no host (RFC 6066, section 3).
	for _, want := range []string{"a.example", ""} {
		select {
		case got := <-asked:
			if got != want {
				t.Errorf("asked for %q, not for %q", got, want)
			}
		case <-time.After(dialTime):
			t.Fatalf("never asked for %q", want)
		}
	}
}

func TestAServerThatSaysNothingIsNotWaitedFor(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS = &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		time.Sleep(2 * dialTime)
		return nil, nil
	}}
	server.StartTLS()
	t.Cleanup(server.CloseClientConnections)
	begun := time.Now()
	if newCertificates(nil, nil, prometheus.NewRegistry()).ask(t.Context(), "east", server.Listener.Addr().String(), "shop.example.com") == nil || time.Since(begun) > dialTime+2*time.Second {
		t.Errorf("after %v", time.Since(begun))
	}
}
