package main

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

const namespace = "gostack-dev-east"

// fakeCluster is an API server with one pod, `users-1`, and what its container `application` writes.
type fakeCluster struct {
	*httptest.Server
	t      testing.TB
	mutex  sync.Mutex
	pods   []pod
	usage  []podUsage
	said   []string
	before []string
	// ended is true once the container has ended, cut while every connection breaks in the middle of its first line.
	ended, cut, away bool
	asked            []url.Values
}

func newFakeCluster(t testing.TB) *fakeCluster {
	t.Helper()
	made := &fakeCluster{t: t}
	made.Server = httptest.NewTLSServer(made)
	t.Cleanup(func() {
		made.CloseClientConnections()
		made.Close()
	})
	var running pod
	running.Metadata.Name, running.Metadata.Namespace, running.Metadata.UID = "users-1", namespace, "uid-1"
	running.Metadata.Labels = application
	running.Spec.Containers = []podContainer{{Name: "application"}}
	running.Spec.Containers[0].Resources.Limits = map[string]string{"cpu": "250m", "memory": "128Mi"}
	running.Status.ContainerStatuses = []containerStatus{{Name: "application", ContainerID: "containerd://1"}}
	made.pods = []pod{running}
	made.started(time.Unix(1_700_000_000, 0), 0)
	return made
}

// configured is a collector's configuration to read the logs of the cluster.
func (c *fakeCluster) configured(to *fakeStore) configuration {
	c.t.Helper()
	account := c.t.TempDir()
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate().Raw})
	must(c.t, os.WriteFile(filepath.Join(account, "ca.crt"), certificate, 0o600))
	must(c.t, os.WriteFile(filepath.Join(account, "token"), []byte("a-token\n"), 0o600))
	address, err := url.Parse(c.URL)
	must(c.t, err)
	if setter, ok := c.t.(*testing.T); ok {
		setter.Setenv("KUBERNETES_SERVICE_HOST", address.Hostname())
		setter.Setenv("KUBERNETES_SERVICE_PORT", address.Port())
	}
	given := configured(c.t, to)
	given.Namespaces, given.Account = []string{namespace}, account
	return given
}

// change is for everything that is asked at the same time.
func (c *fakeCluster) change(how func()) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	how()
}

func (c *fakeCluster) started(at time.Time, restarts int) {
	status := &c.pods[0].Status.ContainerStatuses[0]
	status.State.Running, status.RestartCount = &struct{ StartedAt time.Time }{at}, restarts
}

func (c *fakeCluster) say(lines ...string) {
	c.change(func() {
		for _, line := range lines {
			c.said = append(c.said, time.Now().UTC().Format(time.RFC3339Nano)+" "+line+"\n")
		}
	})
}

func (c *fakeCluster) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	pods := "/api/v1/namespaces/" + namespace + "/pods"
	switch c.mutex.Lock(); {
	case c.away || r.Header.Get("Authorization") != "Bearer a-token":
		http.Error(w, "Unauthorized", http.StatusUnauthorized)
	case r.URL.Path == pods && r.URL.Query().Get("labelSelector") == "gostack.stack=dev,!gostack.task":
		c.answer(w, c.pods)
	case r.URL.Path == "/apis/metrics.k8s.io/v1beta1/namespaces/"+namespace+"/pods":
		c.answer(w, c.usage)
	case r.URL.Path == pods+"/users-1/log" && len(c.pods) > 0 && r.URL.Query().Get("container") == c.pods[0].Status.ContainerStatuses[0].Name:
		c.asked = append(c.asked, r.URL.Query())
		c.mutex.Unlock()
		c.log(w, r)
		return
	default:
		http.NotFound(w, r)
	}
	c.mutex.Unlock()
}

func (c *fakeCluster) answer(w http.ResponseWriter, items any) {
	if err := json.NewEncoder(w).Encode(map[string]any{"items": items}); err != nil {
		c.t.Error(err)
	}
}

func (c *fakeCluster) log(w http.ResponseWriter, r *http.Request) {
	previous, since := r.URL.Query().Get("previous") != "", r.URL.Query().Get("sinceTime")
	for next := 0; ; time.Sleep(5 * time.Millisecond) {
		c.mutex.Lock()
		lines, last := c.said, c.ended || c.away
		if previous {
			lines, last = c.before, true
		}
		cut := c.cut
		c.mutex.Unlock()
		if previous && len(lines) == 0 {
			http.Error(w, "previous terminated container not found", http.StatusBadRequest)
			return
		}
		for ; next < len(lines); next++ {
			line := lines[next]
			if cut {
				_, _ = fmt.Fprint(w, line[:len(line)/2])
				w.(http.Flusher).Flush()
				panic(http.ErrAbortHandler)
			}
			// As the server does: of whole seconds.
			if since == "" || line[:len("2026-01-02T15:04:05")] >= strings.TrimSuffix(since, "Z") {
				// As the kubelet does: not a word before there is a line.
				_, _ = fmt.Fprint(w, line)
				w.(http.Flusher).Flush()
			}
		}
		if last || r.Context().Err() != nil {
			return
		}
	}
}
