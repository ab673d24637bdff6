package main

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	gatewayRole  = "gateway"
	serverFailed = 500
)

// steps are ten in each power of ten, from 1 ms to 1000 s: numbers that people choose as a limit, so that what is beyond
// such a limit is counted exactly.
var steps = []float64{1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8}

// served measures what each track of a service does for whoever asks it, clients and other services: by this a canary is
// judged. The time of a client that is slow itself is left out, and a try that failed counts although another one
// helped.
type served struct {
	seconds  *prometheus.HistogramVec
	failures *prometheus.CounterVec
	readTo   *prometheus.GaugeVec
}

func newServed(registry prometheus.Registerer) *served {
	track := []string{"service", "region", "track"}
	made := &served{
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "ingress_service_duration_seconds", Buckets: fineBuckets(),
			Help: "Time that a service took for a request that was led to it, over all tries.",
		}, track),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ingress_service_failures_total",
			Help: "Requests that were led to a service and of which the answer, or a try to get one, was a 5xx.",
		}, track),
		readTo: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "ingress_read_to_timestamp_seconds",
			Help: "Everything that was answered before this time, in seconds since 1970, is counted.",
		}, []string{"region", "instance"}),
	}
	registry.MustRegister(made.seconds, made.failures, made.readTo)
	return made
}

func fineBuckets() []float64 {
	var made []float64
	for _, decade := range []string{"e-3", "e-2", "e-1", "e0", "e1", "e2"} {
		for _, step := range steps {
			// As text, so that 8e-1 is 0.8 and nothing beside it.
			bound, _ := strconv.ParseFloat(strconv.FormatFloat(step, 'g', -1, 64)+decade, 64)
			made = append(made, bound)
		}
	}
	return append(made, 1000)
}

// count takes every row; only access lines of what leads requests to services have the status of a try.
func (s *served) count(row fields) {
	if row["service"] != ingressService || !leads(row["role"]) || row["upstream_status"] == "" {
		return
	}
	var seconds float64
	for _, written := range tries(row["upstream_seconds"]) {
		// One that had no answer has no time.
		taken, _ := strconv.ParseFloat(written, 64)
		seconds += taken
	}
	track := []string{row["upstream_service"], row["region"], row["track"]}
	s.seconds.WithLabelValues(track...).Observe(seconds)
	// Without a failure there is a count, too.
	failures := s.failures.WithLabelValues(track...)
	for _, written := range append(tries(row["upstream_status"]), row["status"]) {
		if status, _ := strconv.Atoi(written); status >= serverFailed {
			failures.Inc()
			return
		}
	}
}

// reached notes that a container's log has been read to its end.
func (s *served) reached(who identity, at time.Time) {
	if who.Service == ingressService && leads(who.Role) {
		s.readTo.WithLabelValues(who.Region, who.Instance).Set(float64(at.UnixMilli()) / 1e3)
	}
}

func (s *served) forget(who identity) {
	s.readTo.DeleteLabelValues(who.Region, who.Instance)
}

func leads(role string) bool { return role == ingressRole || role == gatewayRole }
