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
			Name: "certificate_renewal_failing", Help: "1 while the last order of a certificate failed, or no other one was signed for the time after it.", ConstLabels: of,
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

// state tells of the newest certificate, nil before the first, and whether the next one does not come.
func (m *metrics) state(failing bool, leaf *x509.Certificate) {
	told := 0.0
	if failing {
		told = 1
	}
	m.failing.Set(told)
	if leaf != nil {
		m.notAfter.Set(float64(leaf.NotAfter.Unix()))
	}
}
