package main

import (
	"context"
	"log"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const oomKilled = "OOMKilled"

// podMetrics tells of the containers of pods what containerMetrics tells where control groups can be read: what they
// may use, and when they were started, by the pods; what they use by the cluster's metrics server, which averages over
// some 15 s. How long a CPU limit held one back nobody tells.
type podMetrics struct {
	api        *cluster
	namespaces []string
	mutex      sync.Mutex
	samples    map[containerName]*podSample
}

type containerName struct{ namespace, pod, container string }

// podSample is what has been seen of a container over all of its starts.
type podSample struct {
	who                   identity
	cpuLimit, memoryLimit float64
	// started is zero while it does not run.
	started        time.Time
	restarts, ooms int
	// at is the end of the time that was measured last; zero before the first one.
	at                      time.Time
	cpuSeconds, memoryBytes float64
}

func newPodMetrics(api *cluster, namespaces []string) *podMetrics {
	return &podMetrics{api: api, namespaces: namespaces, samples: map[containerName]*podSample{}}
}

// seen takes over what pods say of themselves, and forgets those that there are no more.
func (m *podMetrics) seen(pods []pod) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	there := map[containerName]bool{}
	for _, pod := range pods {
		limits := map[string]map[string]string{}
		for _, container := range append(append([]podContainer{}, pod.Spec.InitContainers...), pod.Spec.Containers...) {
			limits[container.Name] = container.Resources.Limits
		}
		for _, status := range pod.statuses() {
			name := containerName{pod.Metadata.Namespace, pod.Metadata.Name, status.Name}
			there[name] = true
			of := m.samples[name]
			if of == nil {
				of = &podSample{restarts: status.RestartCount}
				m.samples[name] = of
			}
			if ended := status.LastState.Terminated; status.RestartCount > of.restarts && ended != nil && ended.Reason == oomKilled {
				of.ooms++
			}
			of.who, of.restarts = pod.identity(status.Name), status.RestartCount
			of.cpuLimit, of.memoryLimit = quantity(limits[status.Name]["cpu"]), quantity(limits[status.Name]["memory"])
			of.started = time.Time{}
			if running := status.State.Running; running != nil {
				of.started = running.StartedAt
			}
		}
	}
	for name := range m.samples {
		if !there[name] {
			delete(m.samples, name)
		}
	}
}

func (m *podMetrics) run(ctx context.Context) {
	silent := false
	for ctx.Err() == nil {
		err := m.measure(ctx)
		if err != nil && !silent && ctx.Err() == nil {
			log.Printf("nobody tells what containers use, as metrics-server does: %v", err)
		}
		silent = err != nil
		select {
		case <-ctx.Done():
		case <-time.After(samplePause):
		}
	}
}

// podUsage is what the metrics server says of a pod: https://github.com/kubernetes/metrics.
type podUsage struct {
	Metadata   struct{ Name string }
	Timestamp  time.Time
	Window     string
	Containers []struct {
		Name  string
		Usage map[string]string
	}
}

func (m *podMetrics) measure(ctx context.Context) error {
	for _, namespace := range m.namespaces {
		var found []podUsage
		if err := m.api.list(ctx, "/apis/metrics.k8s.io/v1beta1/namespaces/"+namespace+"/pods", nil, &found); err != nil {
			return err
		}
		m.mutex.Lock()
		for _, of := range found {
			for _, container := range of.Containers {
				if sample := m.samples[containerName{namespace, of.Metadata.Name, container.Name}]; sample != nil {
					sample.use(of, container.Usage)
				}
			}
		}
		m.mutex.Unlock()
	}
	return nil
}

// use adds what was used since what was told before. What is told again is not counted again.
func (s *podSample) use(told podUsage, usage map[string]string) {
	if !told.Timestamp.After(s.at) {
		return
	}
	seconds, _ := time.ParseDuration(told.Window)
	if !s.at.IsZero() {
		seconds = told.Timestamp.Sub(s.at)
	}
	s.at = told.Timestamp
	s.cpuSeconds += quantity(usage["cpu"]) * seconds.Seconds()
	s.memoryBytes = quantity(usage["memory"])
}

// Describe is part of prometheus.Collector.
func (m *podMetrics) Describe(to chan<- *prometheus.Desc) {
	for _, description := range []*prometheus.Desc{cpuUsage, cpuLimit, memoryUsage, memoryLimit, startTime, oomEvents} {
		to <- description
	}
}

// Collect is part of prometheus.Collector.
func (m *podMetrics) Collect(to chan<- prometheus.Metric) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	for _, of := range m.samples {
		if of.started.IsZero() {
			continue
		}
		labels := []string{of.who.Service, of.who.Region, of.who.Track, of.who.Instance, of.who.Role}
		put := func(description *prometheus.Desc, kind prometheus.ValueType, value float64) {
			to <- prometheus.MustNewConstMetric(description, kind, value, labels...)
		}
		put(startTime, prometheus.GaugeValue, float64(of.started.Unix()))
		put(oomEvents, prometheus.CounterValue, float64(of.ooms))
		if !of.at.IsZero() {
			put(cpuUsage, prometheus.CounterValue, of.cpuSeconds)
			put(memoryUsage, prometheus.GaugeValue, of.memoryBytes)
		}
		if of.memoryLimit > 0 {
			put(memoryLimit, prometheus.GaugeValue, of.memoryLimit)
		}
		if of.cpuLimit > 0 {
			put(cpuLimit, prometheus.GaugeValue, of.cpuLimit)
		}
	}
}

// units are the suffixes of quantities: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/.
var units = map[string]float64{
	"n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12,
	"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40,
}

// quantity is a number as Kubernetes writes it: 250m is 0.25. 0 for what is none.
func quantity(written string) float64 {
	digits := strings.TrimRight(written, "numkMGTKi")
	value, err := strconv.ParseFloat(digits, 64)
	unit, known := units[written[len(digits):]]
	if err != nil || !known {
		return 0
	}
	return value * unit
}
