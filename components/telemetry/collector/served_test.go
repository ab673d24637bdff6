package main

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

const canaryTrack = `{region="east",service="users",track="canary"`

func TestWhatATrackDoesIsCounted(t *testing.T) {
	for _, one := range []struct{ role, line, requests, failures, sum string }{
		{"nginx", `"status":200,"seconds":9,"upstream_status":"200","upstream_seconds":"0.010"`, "1", "0", "0.01"},
		{"nginx", `"status":404,"seconds":9,"upstream_status":"404","upstream_seconds":"0.010"`, "1", "0", "0.01"},
		{"nginx", `"status":503,"seconds":9,"upstream_status":"503","upstream_seconds":"0.010"`, "1", "1", "0.01"},
		// The client got an answer, but the track failed first: once, however many of its replicas did.
		{"nginx", `"status":200,"seconds":9,"upstream_status":"502, 504 : 200","upstream_seconds":"0.250, 0.500 : 0.005"`, "1", "1", "0.755"},
		// The client left.
		{"nginx", `"status":499,"seconds":9,"upstream_status":"-","upstream_seconds":"-"`, "1", "0", "0"},
		// Services that call it are asked like clients.
		{"gateway", `"status":500,"seconds":9,"upstream_status":"500","upstream_seconds":"0.010"`, "1", "1", "0.01"},
		// It was led to no service, or it is no line of the ingress.
		{"nginx", `"status":503,"seconds":9,"upstream_status":"","upstream_seconds":""`, "", "", ""},
		{"application", `"status":500,"seconds":9,"upstream_status":"500","upstream_seconds":"0.010"`, "", "", ""},
	} {
		to := newFakeStore(t)
		given := configured(t, to)
		program := newDocker(t, given.Containers, containerID, of(one.role))
		program.say(accessLine(one.line))
		process := start(t, given)
		to.messages(t, 1)
		for series, wanted := range map[string]string{
			"ingress_service_duration_seconds_count" + canaryTrack + "}": one.requests,
			"ingress_service_duration_seconds_sum" + canaryTrack + "}":   one.sum,
			"ingress_service_failures_total" + canaryTrack + "}":         one.failures,
		} {
			if got := process.metric(series); got != wanted {
				t.Errorf("%s %s: %s is %q, not %q", one.role, one.line, series, got, wanted)
			}
		}
		process.stop()
	}
}

func of(role string) map[string]string {
	return map[string]string{
		"gostack.stack": "dev", "gostack.service": "ingress", "gostack.region": "east", "gostack.role": role,
		"gostack.instance": "ingress-east",
	}
}

func TestALimitThatPeopleChooseIsABound(t *testing.T) {
	bounds := fineBuckets()
	for _, limit := range []float64{.001, .05, .1, .25, .3, .5, .8, 1, 1.5, 2, 5, 10, 30, 60, 100, 300, 600} {
		if !slices.Contains(bounds, limit) {
			t.Errorf("%v s is none", limit)
		}
	}
	// Prometheus refuses those that do not rise.
	counted := newServed(prometheus.NewRegistry())
	counted.count(fields{"service": "ingress", "role": "nginx", "upstream_status": "200", "upstream_seconds": "1"})
	if got := testutil.CollectAndCount(counted.seconds); got != 1 {
		t.Errorf("%d histograms", got)
	}
	for position := range bounds[1:] {
		if wide := bounds[position+1] / bounds[position]; wide > 1.34 {
			t.Errorf("from %v to %v s", bounds[position], bounds[position+1])
		}
	}
}

func TestHowFarAnIngressHasBeenReadIsKnownUntilItGoes(t *testing.T) {
	to := newFakeStore(t)
	given := configured(t, to)
	began := time.Now()
	program := newDocker(t, given.Containers, containerID, gate)
	program.say(accessLine(`"status":200,"seconds":0.1`))
	newDocker(t, given.Containers, "b"+containerID[1:], application).say("no ingress")
	process := start(t, given)
	const series = `ingress_read_to_timestamp_seconds{instance="ingress-east",region="east"}`
	readTo := func() float64 {
		at, _ := strconv.ParseFloat(process.metric(series), 64)
		return at
	}
	eventually(t, func() bool { return readTo() > float64(began.Unix()) }, "it is read")
	// It is read to its end again although nothing is written.
	before := readTo()
	eventually(t, func() bool { return readTo() > before }, "it is read again")
	// What waits for the store is not read, and nobody says that it were.
	to.leave(true)
	program.say(accessLine(`"status":200,"seconds":0.2`), accessLine(`"status":200,"seconds":0.3`))
	eventually(t, func() bool { return to.tries() > 3 }, "tries")
	program.say(accessLine(`"status":200,"seconds":0.4`))
	stopped := readTo()
	for range 2 {
		time.Sleep(2 * pollPause)
		if at := readTo(); at > stopped {
			stopped = at
		} else {
			break
		}
	}
	time.Sleep(2 * pollPause)
	if at := readTo(); at != stopped {
		t.Errorf("read to %v, not to %v", at, stopped)
	}
	to.leave(false)
	eventually(t, func() bool { return readTo() > stopped }, "it goes on")
	remove(t, program.folder)
	eventually(t, func() bool { return process.metric(series) == "" }, "it is forgotten")
}
