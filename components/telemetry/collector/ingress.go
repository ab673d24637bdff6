package main

import (
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	ingressService = "ingress"
	ingressRole    = "nginx"
	// maxRoutes bounds the series: routes that come later, after this many, are counted together.
	maxRoutes = 1000
	other     = "other"
)

var durations = []float64{.005, .01, .025, .05, .1, .25, .5, .8, 1, 2.5, 5, 10, 30}

// ingress counts requests as clients see them, by the access lines of Nginx.
type ingress struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	tries    *prometheus.CounterVec
	routes   map[route]bool
}

type route struct{ service, region, track, path string }

func newIngress(registry prometheus.Registerer) *ingress {
	made := &ingress{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ingress_requests_total", Help: "Requests that the ingress answered.",
		}, []string{"service", "region", "track", "route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "ingress_request_duration_seconds", Help: "Time until the answer had been sent.", Buckets: durations,
		}, []string{"service", "region", "track", "route"}),
		tries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ingress_upstream_tries_total", Help: "Replicas that were asked, some requests more than one.",
		}, []string{"service", "region", "track", "outcome"}),
		routes: map[route]bool{},
	}
	registry.MustRegister(made.requests, made.seconds, made.tries)
	return made
}

// count takes every row; only access lines of the ingress have a status and a duration.
func (i *ingress) count(row fields) {
	// Nginx has another role where services call each other.
	if row["service"] != ingressService || row["role"] != ingressRole {
		return
	}
	status, seconds := class(row["status"]), row["seconds"]
	duration, err := strconv.ParseFloat(seconds, 64)
	if status == "" || err != nil {
		return
	}
	asked := i.bounded(route{row["upstream_service"], row["region"], row["track"], row["route"]})
	i.requests.WithLabelValues(asked.service, asked.region, asked.track, asked.path, status).Inc()
	i.seconds.WithLabelValues(asked.service, asked.region, asked.track, asked.path).Observe(duration)
	for _, outcome := range outcomes(row["upstream_status"], row["upstream_connect_seconds"], row["upstream_header_seconds"]) {
		i.tries.WithLabelValues(asked.service, asked.region, asked.track, outcome).Inc()
	}
}

func (i *ingress) bounded(asked route) route {
	if !i.routes[asked] {
		if len(i.routes) >= maxRoutes {
			return route{other, asked.region, other, other}
		}
		i.routes[asked] = true
	}
	return asked
}

// class is 2xx of 204; empty for what is no status.
func class(status string) string {
	if len(status) != 3 || status[0] < '1' || status[0] > '5' {
		return ""
	}
	return status[:1] + "xx"
}

// outcomes reads `502, 200`, one status a try, in groups with colons when the request was led to another location.
// Nginx says 502 and 504 of its own accord too: it had no connection where there is no time to connect, and a 502 without
// a time of headers is one that was refused or reset. One that ended before there was any answer, as when the client
// left, has no outcome.
func outcomes(statuses, connects, headers string) []string {
	list, connected, answered := tries(statuses), tries(connects), tries(headers)
	found := make([]string, 0, len(list))
	for position, status := range list {
		of := class(status)
		if of == "" {
			continue
		}
		if missing(connected, position) || status == "502" && missing(answered, position) {
			of = "unreachable"
		}
		found = append(found, of)
	}
	return found
}

func missing(times []string, position int) bool {
	return position < len(times) && times[position] == "-"
}

func tries(written string) []string {
	return strings.FieldsFunc(written, func(sign rune) bool { return sign == ',' || sign == ':' || sign == ' ' })
}
