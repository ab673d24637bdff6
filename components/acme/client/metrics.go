package main

import (
	"crypto/x509"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are what the telemetry scrapes. What is served, the collector sees at the ingresses.
type metrics struct {
	registry *prometheus.Registry
	failures prometheus.Counter
	failing  prometheus.Gauge
	notAfter prometheus.Gauge
}

func newMetrics(host string) *metrics {
	of := prometheus.Labels{"host": host}
	made := &metrics{
		prometheus.NewRegistry(),
		prometheus.NewCounter(prometheus.CounterOpts{
			Name: "certificate_renewal_failures_total", Help: "Orders of a certificate that failed.", ConstLabels: of,
		}),
		prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "certificate_renewal_failing", Help: "1 while the last order of a certificate failed.", ConstLabels: of,
		}),
		prometheus.NewGauge(prometheus.GaugeOpts{
			Name:        "certificate_issued_not_after_seconds",
			Help:        "When the newest certificate that was issued expires, in seconds since 1970; 0 before the first.",
			ConstLabels: of,
		}),
	}
	made.registry.MustRegister(made.failures, made.failing, made.notAfter)
	return made
}

func (m *metrics) state(now state, leaf *x509.Certificate) {
	m.failing.Set(float64(min(now.Attempts, 1)))
	if leaf != nil {
		m.notAfter.Set(float64(leaf.NotAfter.Unix()))
	}
}
