package main

import (
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
	var asked string
	server.TLS.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		asked = hello.ServerName
		return nil, nil
	}
	seen := newCertificates(nil, "shop.test", prometheus.NewRegistry())
	must(t, seen.ask(t.Context(), "east", server.Listener.Addr().String()))
	// It has no common name; example.com is the first of its names.
	if got := testutil.ToFloat64(seen.notAfter.WithLabelValues("east", "example.com")); got != float64(leaf.NotAfter.Unix()) {
		t.Errorf("%v", got)
	}
	if got := testutil.ToFloat64(seen.notBefore.WithLabelValues("east", "example.com")); got != float64(leaf.NotBefore.Unix()) {
		t.Errorf("%v", got)
	}
	if asked != "shop.test" {
		t.Errorf("it is asked for %q", asked)
	}
	server.Close()
	if seen.ask(t.Context(), "east", server.Listener.Addr().String()) == nil {
		t.Error("it answers")
	}
	if got := testutil.CollectAndCount(seen.notAfter); got != 1 {
		t.Errorf("what was seen is forgotten: %d series", got)
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
	if newCertificates(nil, "", prometheus.NewRegistry()).ask(t.Context(), "east", server.Listener.Addr().String()) == nil || time.Since(begun) > dialTime+2*time.Second {
		t.Errorf("after %v", time.Since(begun))
	}
}
