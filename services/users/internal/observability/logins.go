package observability

import "github.com/prometheus/client_golang/prometheus"

// WatchLogins shows how often each of the events came; the returned function counts one.
func (m *Metrics) WatchLogins(events []string) func(event string) {
	counted := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "login_events_total",
		Help: "Logins, renewals and logouts by what became of them.",
	}, []string{"event"})
	m.registry.MustRegister(counted)
	// A series that only appears with the first event cannot be alerted on.
	for _, event := range events {
		counted.WithLabelValues(event)
	}
	return func(event string) { counted.WithLabelValues(event).Inc() }
}
