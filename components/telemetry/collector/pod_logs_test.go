package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestLinesOfAPodBearItsLabelsAndTheNameOfItsContainer(t *testing.T) {
	to, of := newFakeStore(t), newFakeCluster(t)
	of.say(`{"level":"INFO","msg":"hello","trace_id":"0123"}`, "plain text")
	start(t, of.configured(to))
	once(t, to.messages(t, 2), []string{"hello", "plain text"})
	for field, wanted := range map[string]string{
		"service": "users", "region": "east", "track": "stable", "instance": "users-1", "role": "application",
		"trace_id": "0123", "level": "info",
	} {
		if got := to.received()[0][field]; got != wanted {
			t.Errorf("%s is %q, not %q", field, got, wanted)
		}
	}
}

func TestALineIsTakenWholeHoweverManyPiecesItComesIn(t *testing.T) {
	to, of := newFakeStore(t), newFakeCluster(t)
	long := strings.Repeat("x", 300_000)
	of.say("first", long, "last")
	start(t, of.configured(to))
	once(t, to.messages(t, 3), []string{"first", long, "last"})
}

func TestALineThatIsTooLongBecomesSeveral(t *testing.T) {
	to, of := newFakeStore(t), newFakeCluster(t)
	of.say(strings.Repeat("x", maxText+100_000), "last")
	start(t, of.configured(to))
	said := to.messages(t, 3)
	if length := len(said[0]) + len(said[1]); length != maxText+100_000 || said[2] != "last" {
		t.Errorf("%d characters, then %.20q", length, said[2])
	}
}

func TestNothingIsLostOrTwiceOverARestartOfTheCollector(t *testing.T) {
	to, of := newFakeStore(t), newFakeCluster(t)
	given := of.configured(to)
	of.say(numbered(1, 50)...)
	process := start(t, given)
	to.messages(t, 50)
	process.stop()
	of.say(numbered(51, 100)...)
	start(t, given)
	once(t, to.messages(t, 100), numbered(1, 100))
	of.change(func() {
		if last := of.asked[len(of.asked)-1]; last.Get("sinceTime") == "" || last.Get("follow") == "" {
			t.Errorf("all of the log is asked for again: %v", last)
		}
	})
}

func TestNothingIsLostOrTwiceOverAStoreThatIsAway(t *testing.T) {
	to, of := newFakeStore(t), newFakeCluster(t)
	start(t, of.configured(to))
	to.leave(true)
	of.say(numbered(1, 50)...)
	eventually(t, func() bool { return to.tries() > 1 }, "a try")
	of.say(numbered(51, 100)...)
	to.leave(false)
	once(t, to.messages(t, 100), numbered(1, 100))
}

func TestALineWhoseEndDidNotComeIsReadAgain(t *testing.T) {
	to, of := newFakeStore(t), newFakeCluster(t)
	of.change(func() { of.cut = true })
	of.say("whole")
	start(t, of.configured(to))
	eventually(t, func() bool {
		var asked int
		of.change(func() { asked = len(of.asked); of.cut = asked < 2 })
		return asked > 2
	}, "three questions")
	once(t, to.messages(t, 1), []string{"whole"})
}

func TestTheLastWordsOfAContainerThatStartedAgainAreRead(t *testing.T) {
	to, of := newFakeStore(t), newFakeCluster(t)
	given := of.configured(to)
	of.say("begins")
	process := start(t, given)
	to.messages(t, 1)
	process.stop()
	of.say("fatal")
	of.change(func() {
		of.before, of.said = of.said, nil
		of.started(time.Now(), 1)
	})
	of.say("begins again")
	start(t, given)
	once(t, to.messages(t, 3), []string{"begins", "fatal", "begins again"})
}

func TestAContainerThatStartsAgainIsFollowed(t *testing.T) {
	to, of := newFakeStore(t), newFakeCluster(t)
	of.say("begins")
	start(t, of.configured(to))
	to.messages(t, 1)
	of.say("ends")
	of.change(func() { of.ended = true })
	to.messages(t, 2)
	of.change(func() {
		of.before, of.said, of.ended = of.said, nil, false
		of.started(time.Now(), 1)
	})
	of.say("begins again")
	once(t, to.messages(t, 3), []string{"begins", "ends", "begins again"})
}

func TestAPodThatIsGoneIsReadToItsEndAndForgotten(t *testing.T) {
	to, of := newFakeStore(t), newFakeCluster(t)
	given := of.configured(to)
	of.say("line 1")
	process := start(t, given)
	to.messages(t, 1)
	of.say("line 2")
	of.change(func() { of.pods, of.ended = nil, true })
	once(t, to.messages(t, 2), numbered(1, 2))
	eventually(t, func() bool {
		kept, err := os.ReadFile(filepath.Join(given.State, "checkpoints.json"))
		return err == nil && string(kept) == "{}"
	}, "no checkpoint")
	process.stop()
}

func TestWhileALogIsSilentEverythingIsCountedUpToNow(t *testing.T) {
	followed := &follower{who: identity{Service: "ingress", Region: "east", Instance: "ingress-1", Role: "nginx"}}
	now := time.Now()
	if _, known := followed.readTo(now); known {
		t.Error("something is counted of what was never read")
	}
	followed.taken = now.Add(-time.Minute)
	followed.idle.Store(now.Add(-settledTime / 2).UnixNano())
	if at, _ := followed.readTo(now); !at.Equal(followed.taken) {
		t.Errorf("%v is beyond the last line, and a newer one may be on its way", at)
	}
	followed.idle.Store(now.Add(-time.Hour).UnixNano())
	if at, _ := followed.readTo(now); !at.Equal(now.Add(-settledTime)) {
		t.Errorf("%v, not %v", at, now.Add(-settledTime))
	}
	// What is counted stays so while the connection is a new one.
	followed.idle.Store(0)
	if at, _ := followed.readTo(now); !at.Equal(now.Add(-settledTime)) {
		t.Errorf("%v, not %v", at, now.Add(-settledTime))
	}
}

func TestASilentLogIsCountedThoughNobodyAnswersForIt(t *testing.T) {
	to, of := newFakeStore(t), newFakeCluster(t)
	of.change(func() {
		of.pods[0].Metadata.Labels = map[string]string{"gostack.service": "ingress", "gostack.region": "east"}
		of.pods[0].Status.ContainerStatuses[0].Name = ingressRole
	})
	began := time.Now()
	process := start(t, of.configured(to))
	eventually(t, func() bool {
		at, err := strconv.ParseFloat(process.metric(`ingress_read_to_timestamp_seconds{instance="users-1",region="east"}`), 64)
		return err == nil && at >= float64(began.Unix())
	}, "everything is counted")
}

func TestAnotherPodOfTheNameIsReadOnce(t *testing.T) {
	to, of := newFakeStore(t), newFakeCluster(t)
	of.say("old")
	start(t, of.configured(to))
	to.messages(t, 1)
	of.change(func() {
		of.said, of.ended = append(of.said, time.Now().UTC().Format(time.RFC3339Nano)+" old ends\n"), true
	})
	to.messages(t, 2)
	of.change(func() { of.said, of.ended, of.pods[0].Metadata.UID = nil, false, "uid-2" })
	of.say("new")
	to.messages(t, 3)
	time.Sleep(3 * scanPause)
	once(t, to.messages(t, 3), []string{"old", "old ends", "new"})
}

func TestItIsIllWhenPodsCannotBeListed(t *testing.T) {
	logs := &podLogs{}
	for looked, wanted := range map[time.Time]int{time.Now(): http.StatusOK, time.Now().Add(-time.Minute): http.StatusServiceUnavailable} {
		logs.alive.Store(looked.Unix())
		w := httptest.NewRecorder()
		logs.healthy(w, nil)
		if w.Code != wanted {
			t.Errorf("%d, not %d", w.Code, wanted)
		}
	}
}

func TestPodsThatCannotBeListedAreNotGone(t *testing.T) {
	to, of := newFakeStore(t), newFakeCluster(t)
	of.say("line 1")
	start(t, of.configured(to))
	to.messages(t, 1)
	of.change(func() { of.away = true })
	time.Sleep(2 * scanPause)
	of.change(func() { of.away = false })
	of.say("line 2")
	once(t, to.messages(t, 2), numbered(1, 2))
}

func TestServicesThatCallEachOtherAreNoClients(t *testing.T) {
	for tls, wanted := range map[string]string{"": gatewayRole, "TLSv1.3": ingressRole} {
		row := fields{"service": "ingress", "role": "nginx", "upstream_service": "users", "tls": tls}
		if calledByName(row); row["role"] != wanted {
			t.Errorf("with %q it is %s, not %s", tls, row["role"], wanted)
		}
	}
	own := fields{"service": "ingress", "role": "nginx", "_msg": "a warning of nginx"}
	if calledByName(own); own["role"] != "nginx" {
		t.Error(own)
	}
}

func TestWhatAPodUsesIsMeasured(t *testing.T) {
	to, of := newFakeStore(t), newFakeCluster(t)
	use := func(at int, cpu, memory string) {
		of.change(func() {
			told := podUsage{Timestamp: time.Unix(1_700_000_000+int64(at), 0), Window: "10s"}
			told.Metadata.Name = "users-1"
			told.Containers = append(told.Containers, struct {
				Name  string
				Usage map[string]string
			}{"application", map[string]string{"cpu": cpu, "memory": memory}})
			of.usage = []podUsage{told}
		})
	}
	process := start(t, of.configured(to))
	labels := `{instance="users-1",region="east",role="application",service="users",track="stable"}`
	is := func(name string, wanted float64) {
		t.Helper()
		eventually(t, func() bool {
			got, err := strconv.ParseFloat(process.metric("container_"+name+labels), 64)
			return err == nil && got == wanted
		}, "%s is %v", name, wanted)
	}
	is("spec_cpu_limit_cores", .25)
	is("spec_memory_limit_bytes", 128<<20)
	is("start_time_seconds", 1_700_000_000)
	is("oom_events_total", 0)
	process.has("container_cpu_usage_seconds_total"+labels, "")
	use(10, "100000000n", "2Ki")
	// 0.1 cores in the 10 s of the first look.
	is("cpu_usage_seconds_total", 1)
	is("memory_working_set_bytes", 2048)
	use(25, "200m", "1Mi")
	// And 0.2 in the 15 s since.
	is("cpu_usage_seconds_total", 4)
	of.change(func() {
		of.started(time.Unix(1_700_000_100, 0), 1)
		of.pods[0].Status.ContainerStatuses[0].LastState.Terminated = &struct{ Reason string }{oomKilled}
	})
	is("start_time_seconds", 1_700_000_100)
	is("oom_events_total", 1)
	is("cpu_usage_seconds_total", 4)
	of.change(func() { of.pods[0].Status.ContainerStatuses[0].State.Running = nil })
	eventually(t, func() bool { return process.metric("container_start_time_seconds"+labels) == "" }, "it does not run")
}

func TestQuantitiesOfKubernetesAreRead(t *testing.T) {
	for written, wanted := range map[string]float64{
		"2": 2, "250m": .25, "1500000n": .0015, "128Mi": 128 << 20, "1Gi": 1 << 30, "1k": 1000, "0.5": .5, "": 0, "many": 0,
	} {
		if got := quantity(written); fmt.Sprint(got) != fmt.Sprint(wanted) {
			t.Errorf("%s is %v, not %v", written, got, wanted)
		}
	}
}
