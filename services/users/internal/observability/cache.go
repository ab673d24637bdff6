package observability

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// CacheMetrics is what /metrics shows of the cache.
type CacheMetrics struct {
	lookups   *prometheus.CounterVec
	ages      prometheus.Histogram
	degraded  prometheus.Counter
	delays    prometheus.Histogram
	lost      *prometheus.CounterVec
	listening prometheus.Gauge
}

func newCacheMetrics(registry prometheus.Registerer) *CacheMetrics {
	metrics := &CacheMetrics{
		lookups: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "cache_lookups_total",
			Help: "Looks into a level of the cache (local, shared) by result (hit, miss, error).",
		}, []string{"level", "result"}),
		ages: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "cache_answer_age_seconds",
			Help:    "How long ago the database had confirmed what was answered.",
			Buckets: []float64{.001, .01, .1, 1, 5, 15, 30, 60, 300, 900, 3600},
		}),
		degraded: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "degraded_answers_total",
			Help: "Answers with the last known row because the database could not confirm it.",
		}),
		delays: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "cache_invalidation_delay_seconds",
			Help:    "How long a change took from its commit, in any region, to this instance.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5, 30},
		}),
		lost: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "cache_invalidations_lost_total",
			Help: "Changes that a region's Valkey did not take in time; the TTL bounds their harm.",
		}, []string{"address"}),
		listening: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "cache_listening",
			Help: "1 while changes by other instances are heard of.",
		}),
	}
	registry.MustRegister(metrics.lookups, metrics.ages, metrics.degraded, metrics.delays, metrics.lost, metrics.listening)
	return metrics
}

// Looked counts a look into a level.
func (m *CacheMetrics) Looked(level, result string) { m.lookups.WithLabelValues(level, result).Inc() }

// Answered shows how old the answers are.
func (m *CacheMetrics) Answered(age time.Duration) { m.ages.Observe(age.Seconds()) }

// Degraded counts an answer with the last known row.
func (m *CacheMetrics) Degraded() { m.degraded.Inc() }

// Invalidated shows how long a change took to arrive.
func (m *CacheMetrics) Invalidated(delay time.Duration) { m.delays.Observe(delay.Seconds()) }

// Lost counts a change that did not arrive.
func (m *CacheMetrics) Lost(address string) { m.lost.WithLabelValues(address).Inc() }

// Listening shows whether changes are heard of.
func (m *CacheMetrics) Listening(yes bool) {
	m.listening.Set(0)
	if yes {
		m.listening.Set(1)
	}
}

// WatchCache shows how much the process holds.
func (m *Metrics) WatchCache(sizes func() (entries, bytes float64)) {
	m.registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "cache_local_entries", Help: "Rows in this process."},
			func() float64 { entries, _ := sizes(); return entries }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "cache_local_bytes", Help: "About what they take in memory."},
			func() float64 { _, bytes := sizes(); return bytes }),
	)
}
