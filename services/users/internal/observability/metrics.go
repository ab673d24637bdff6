package observability

import (
	"database/sql"
	"net/http"
	"runtime"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"gostack.dev/users/internal/configuration"
)

// Metrics is everything that /metrics shows.
type Metrics struct {
	registry  *prometheus.Registry
	durations *prometheus.HistogramVec
	inFlight  prometheus.Gauge
	breakers  *prometheus.GaugeVec
	fallbacks *prometheus.CounterVec
	failovers prometheus.Counter
	// Cache is what the cache tells of itself.
	Cache *CacheMetrics
}

// NewMetrics has a registry of its own, so that two servers in one test do not collide.
func NewMetrics(identity configuration.Identity) *Metrics {
	metrics := &Metrics{
		registry: prometheus.NewRegistry(),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "http_request_duration_seconds",
			Help:    "How long requests took, by route pattern.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
		}, []string{"route", "method", "status"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "http_requests_in_flight",
			Help: "Requests that are being answered.",
		}),
		breakers: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "circuit_breaker_open",
			Help: "1 while a dependency is not asked because it kept failing.",
		}, []string{"name"}),
		fallbacks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "database_replica_fallbacks_total",
			Help: "Reads that went to the primary instead of the replica.",
		}, []string{"reason"}),
	}
	metrics.failovers = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "database_primary_changes_total",
		Help: "How often this instance found the primary at another address than before.",
	})
	metrics.Cache = newCacheMetrics(metrics.registry)
	information := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "service_build_info",
		Help: "Always 1; the labels say what is running.",
	}, []string{"service", "version", "commit", "region", "track", "instance", "go_version"})
	information.WithLabelValues(identity.Service, identity.Version, identity.Commit, identity.Region, identity.Track, identity.Instance, runtime.Version()).Set(1)
	metrics.registry.MustRegister(
		metrics.durations, metrics.inFlight, metrics.breakers, metrics.fallbacks, metrics.failovers, information,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return metrics
}

// Handler answers a scrape.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// WatchPool shows the state of a connection pool under the given name.
func (m *Metrics) WatchPool(name string, pool *sql.DB) {
	m.registry.MustRegister(collectors.NewDBStatsCollector(pool, name))
}

// RequestStarted counts a request in; the returned function counts it out.
func (m *Metrics) RequestStarted(method, route string) func(status int, took time.Duration) {
	m.inFlight.Inc()
	return func(status int, took time.Duration) {
		m.inFlight.Dec()
		m.durations.WithLabelValues(route, boundedMethod(method), strconv.Itoa(status)).Observe(took.Seconds())
	}
}

// BreakerChanged shows the state of a circuit breaker.
func (m *Metrics) BreakerChanged(name, state string) {
	var open float64
	if state == "open" {
		open = 1
	}
	m.breakers.WithLabelValues(name).Set(open)
}

// ReplicaFallback counts a read that the primary had to answer.
func (m *Metrics) ReplicaFallback(reason string) {
	m.fallbacks.WithLabelValues(reason).Inc()
}

// PrimaryChanged counts a failover that this instance noticed.
func (m *Metrics) PrimaryChanged() { m.failovers.Inc() }

// boundedMethod keeps a client who invents methods from inventing time series.
func boundedMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}
