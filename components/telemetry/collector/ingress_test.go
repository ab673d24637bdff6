package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

var gate = map[string]string{
	"gostack.stack": "dev", "gostack.service": "ingress", "gostack.region": "east", "gostack.role": "nginx", "gostack.instance": "ingress-east",
}

func accessLine(more string) string {
	return `{"timestamp":"2026-11-29T10:00:00+00:00","level":"info","service":"ingress","region":"east",` +
		`"upstream_service":"users","track":"canary","route":"/users","message":"GET /users",` + more + `}`
}

func TestRequestsAreCountedOnceOverARestart(t *testing.T) {
	to := newFakeStore(t)
	given := configured(t, to)
	program := newDocker(t, given.Containers, containerID, gate)
	program.say(accessLine(`"status":200,"seconds":0.030,"upstream_status":"502, 200","upstream_connect_seconds":"0.001, 0.001","upstream_header_seconds":"-, 0.02"`))
	program.say("a warning of nginx", `{"service":"ingress","message":"no request"}`)
	first := start(t, given)
	to.messages(t, 3)
	const labels = `region="east",route="/users",service="users"`
	first.has(`ingress_requests_total{`+labels+`,status="2xx",track="canary"}`, "1")
	first.has(`ingress_request_duration_seconds_bucket{`+labels+`,track="canary",le="0.025"}`, "0")
	first.has(`ingress_request_duration_seconds_bucket{`+labels+`,track="canary",le="0.05"}`, "1")
	first.has(`ingress_upstream_tries_total{outcome="unreachable",region="east",service="users",track="canary"}`, "1")
	first.has(`ingress_upstream_tries_total{outcome="2xx",region="east",service="users",track="canary"}`, "1")
	first.stop()
	program.say(accessLine(`"status":503,"seconds":0.030`))
	second := start(t, given)
	to.messages(t, 4)
	second.has(`ingress_requests_total{`+labels+`,status="2xx",track="canary"}`, "")
	second.has(`ingress_requests_total{`+labels+`,status="5xx",track="canary"}`, "1")
	if row := to.received()[0]; row["track"] != "canary" || row["service"] != "ingress" || row["upstream_service"] != "users" {
		t.Errorf("%v", row)
	}
}

func TestOnlyTheIngressCountsRequests(t *testing.T) {
	counted := newIngress(prometheus.NewRegistry())
	counted.count(rowOf(accessLine(`"status":200,"seconds":0.1`)))
	if got := testutil.CollectAndCount(counted.requests); got != 0 {
		t.Errorf("%d series", got)
	}
}

func TestTheOutcomeOfEachTry(t *testing.T) {
	for _, one := range []struct{ statuses, connects, headers, wanted string }{
		{"200", "0.001", "0.002", "2xx"},
		{"502, 404", "0.000, 0.001", "-, 0.002", "unreachable 4xx"},
		{"502", "0.000", "0.003", "5xx"}, // the service's own answer
		{"504, 200", "-, 0.001", "-, 0.002", "unreachable 2xx"},
		{"504", "0.001", "-", "5xx"}, // it was reached and is slow
		{"502, 200 : 500", "-, 0.1, 0.1", "", "unreachable 2xx 5xx"},
		{"502", "", "", "5xx"},
		{"-", "0.001", "-", ""},
		{"", "", "", ""},
	} {
		if got := strings.Join(outcomes(one.statuses, one.connects, one.headers), " "); got != one.wanted {
			t.Errorf("%v: %s", one, got)
		}
	}
}

func TestSeriesAreBounded(t *testing.T) {
	counted := newIngress(prometheus.NewRegistry())
	for number := range maxRoutes + 100 {
		counted.count(fields{"service": "ingress", "role": "nginx", "region": "east", "upstream_service": "users", "route": fmt.Sprint(number), "status": "200", "seconds": "1"})
	}
	if got := testutil.CollectAndCount(counted.requests); got != maxRoutes+1 {
		t.Errorf("%d series", got)
	}
	if got := testutil.ToFloat64(counted.requests.WithLabelValues(other, "east", other, other, "2xx")); got != 100 {
		t.Errorf("%v requests of other routes", got)
	}
}

func TestCallsOfServicesAreNoRequestsOfClients(t *testing.T) {
	counted := newIngress(prometheus.NewRegistry())
	counted.count(fields{"service": "ingress", "role": "gateway", "region": "east", "upstream_service": "users", "status": "200", "seconds": "1"})
	if got := testutil.CollectAndCount(counted.requests); got != 0 {
		t.Errorf("%d series", got)
	}
}
