// Command unsteady answers like a release with a fault: every so many requests one fails, or takes its time.
//
//	ERROR_EVERY=50                          one request of 50 gets a 500
//	SLOW_EVERY=50 SLOW_MILLISECONDS=900     one request of 50 takes 900 ms
//	GET /…?wait=10s                         this request takes 10 s
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

func main() {
	var requests atomic.Int64
	errorEvery, slowEvery, slow := number("ERROR_EVERY"), number("SLOW_EVERY"), number("SLOW_MILLISECONDS")
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ready", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		count := requests.Add(1)
		if wait, err := time.ParseDuration(r.URL.Query().Get("wait")); err == nil {
			time.Sleep(wait)
		}
		if slowEvery > 0 && count%slowEvery == 0 {
			time.Sleep(time.Duration(slow) * time.Millisecond)
		}
		if errorEvery > 0 && count%errorEvery == 0 {
			http.Error(w, "unsteady", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]string{
			"instance": os.Getenv("INSTANCE_ID"), "region": os.Getenv("REGION"), "track": os.Getenv("TRACK"),
		})
	})
	server := &http.Server{Addr: ":" + os.Getenv("PORT"), Handler: mux, ReadHeaderTimeout: 5 * time.Second}

	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer cancel()
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		<-stop.Done()
		drain, done := context.WithTimeout(context.Background(), 15*time.Second)
		defer done()
		_ = server.Shutdown(drain)
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
	<-stopped
}

func number(variable string) int64 {
	value := os.Getenv(variable)
	if value == "" {
		return 0
	}
	parsed, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		log.Fatalf("%s is %q: write a whole number", variable, value)
	}
	return parsed
}
