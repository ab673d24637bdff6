package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	healthpb "google.golang.org/grpc/health/grpc_health_v1"
)

// failures are the ways in which a service, or one of its paths, is ill.
func (p *probe) failures(mux *http.ServeMux) {
	mux.HandleFunc("POST /p/sick/{on}", func(_ http.ResponseWriter, r *http.Request) {
		p.setSick(r.PathValue("on") == "on")
	})
	mux.HandleFunc("/p/status/{code}", func(w http.ResponseWriter, r *http.Request) {
		log.Printf("%s %s", r.Method, r.URL.RequestURI())
		w.Header().Set("Retry-After", "7")
		w.Header().Set("X-Instance", p.instance)
		w.WriteHeader(number(r.PathValue("code"), 200))
		fmt.Fprintf(w, "status %s from %s\n", r.PathValue("code"), p.instance)
	})
	mux.HandleFunc("/p/sleep/{seconds}", func(w http.ResponseWriter, r *http.Request) {
		log.Printf("begins %s %s", r.Method, r.URL.RequestURI())
		time.Sleep(seconds(r.PathValue("seconds"), 1))
		fmt.Fprintln(w, "slept")
	})
	mux.HandleFunc("/p/panic", func(http.ResponseWriter, *http.Request) { panic("as asked") })
	mux.HandleFunc("/p/die", func(_ http.ResponseWriter, r *http.Request) {
		log.Printf("%s %s ends the process", r.Method, r.URL.RequestURI())
		os.Exit(3)
	})
	// A connection that is closed though a request has begun on it.
	mux.HandleFunc("/p/hangup", func(w http.ResponseWriter, r *http.Request) {
		log.Printf("begins %s %s", r.Method, r.URL.RequestURI())
		connection, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		_ = connection.Close()
	})
	// An answer that ends in the middle.
	mux.HandleFunc("/p/cut", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = w.Write([]byte("the beginning"))
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
}

func (p *probe) setSick(sick bool) {
	p.sick.Store(sick)
	status := healthpb.HealthCheckResponse_SERVING
	if sick {
		status = healthpb.HealthCheckResponse_NOT_SERVING
	}
	p.health.SetServingStatus("", status)
}
