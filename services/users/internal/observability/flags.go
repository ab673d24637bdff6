package observability

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// FlagMetrics shows what feature flags do to requests.
type FlagMetrics struct {
	durations   *prometheus.HistogramVec
	evaluations *prometheus.CounterVec
	documents   *prometheus.CounterVec
}

// noVariant stands for the default of the code: no document, no such flag, or one that is off.
const noVariant = "none"

// NewFlagMetrics adds them to what /metrics shows.
func NewFlagMetrics(metrics *Metrics) *FlagMetrics {
	flags := &FlagMetrics{
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "feature_flag_request_duration_seconds",
			Help:    "How long requests took, by each flag that was evaluated for them, its variant, and whether they failed (5xx).",
			Buckets: []float64{.0025, .005, .01, .025, .05, .1, .25, .5, .8, 1, 2.5, 5},
		}, []string{"flag", "variant", "outcome"}),
		evaluations: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "feature_flag_evaluations_total",
			Help: "Evaluations of flags, by variant and OpenFeature's reason, or its code of an error.",
		}, []string{"flag", "variant", "reason"}),
		documents: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "feature_flag_documents_total",
			Help: "Documents with flags that came, by result: in_force or refused.",
		}, []string{"result"}),
	}
	metrics.registry.MustRegister(flags.durations, flags.evaluations, flags.documents)
	// A series that only appears with the first refusal cannot be alerted on.
	flags.documents.WithLabelValues("in_force")
	flags.documents.WithLabelValues("refused")
	return flags
}

// Request counts a request once for each flag that was evaluated for it.
func (m *FlagMetrics) Request(variants map[string]string, status int, took time.Duration) {
	outcome := "ok"
	if status >= http.StatusInternalServerError {
		outcome = "failed"
	}
	for flag, variant := range variants {
		m.durations.WithLabelValues(flag, named(variant), outcome).Observe(took.Seconds())
	}
}

// Evaluated counts an evaluation.
func (m *FlagMetrics) Evaluated(flag, variant, reason string) {
	m.evaluations.WithLabelValues(flag, named(variant), reason).Inc()
}

// Document counts a document that came.
func (m *FlagMetrics) Document(good bool) {
	result := "in_force"
	if !good {
		result = "refused"
	}
	m.documents.WithLabelValues(result).Inc()
}

func named(variant string) string {
	if variant == "" {
		return noVariant
	}
	return variant
}
