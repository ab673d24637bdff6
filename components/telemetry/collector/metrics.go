package main

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// metrics are those of the collector itself.
type metrics struct {
	registry      *prometheus.Registry
	rowsSent      prometheus.Counter
	rowsDropped   *prometheus.CounterVec
	spansReceived prometheus.Counter
	storeUp       prometheus.Gauge
}

func newMetrics() *metrics {
	made := &metrics{
		registry: prometheus.NewRegistry(),
		rowsSent: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "collector_rows_sent_total", Help: "Rows that the store has acknowledged.",
		}),
		rowsDropped: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "collector_rows_dropped_total",
			Help: "Rows that the store will never get: lines that are none, lines in files that were rotated away unread, " +
				"spans for which there was no room, and what the store refuses.",
		}, []string{"reason"}),
		spansReceived: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "collector_spans_received_total", Help: "Spans that were sent by services, before any is dropped.",
		}),
		storeUp: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "collector_store_up", Help: "1 when the store of logs and spans has taken what was sent last.",
		}),
	}
	for _, reason := range []string{"malformed", "rotated", "spans", "refused"} {
		made.rowsDropped.WithLabelValues(reason)
	}
	made.registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		made.rowsSent, made.rowsDropped, made.spansReceived, made.storeUp,
	)
	return made
}

func (m *metrics) lost(reason string, rows int) {
	m.rowsDropped.WithLabelValues(reason).Add(float64(rows))
}
