package main

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// samplePause is short because what a container counted goes with it when it is killed.
const samplePause = 5 * time.Second

var containerLabels = []string{"service", "region", "track", "instance", "role"}

func containerDescription(name, help string) *prometheus.Desc {
	return prometheus.NewDesc("container_"+name, help, containerLabels, nil)
}

// The names and meanings are those of the kubelet, so that one rule serves every platform.
var (
	cpuUsage     = containerDescription("cpu_usage_seconds_total", "CPU time.")
	cpuThrottled = containerDescription("cpu_cfs_throttled_seconds_total", "Time in which the CPU limit held it back.")
	cpuLimit     = containerDescription("spec_cpu_limit_cores", "CPU limit; missing without one.")
	memoryUsage  = containerDescription("memory_working_set_bytes", "Memory without what the kernel may drop.")
	memoryLimit  = containerDescription("spec_memory_limit_bytes", "Memory limit; missing without one.")
	startTime    = containerDescription("start_time_seconds", "When it was started, in seconds since 1970.")
	oomEvents    = containerDescription("oom_events_total", "Processes that were killed because of the memory limit.")
)

// containerMetrics measures the containers that the directory knows.
type containerMetrics struct {
	root      string
	directory *directory
	mutex     sync.Mutex
	sampled   map[string]*sample
}

// sample is what has been seen of a container over all of its starts.
type sample struct {
	usage
	who       identity
	oomBefore float64
}

func newContainerMetrics(root string, known *directory) *containerMetrics {
	return &containerMetrics{root: root, directory: known, sampled: map[string]*sample{}}
}

func (m *containerMetrics) run(ctx context.Context) {
	for ctx.Err() == nil {
		m.sample()
		select {
		case <-ctx.Done():
		case <-time.After(samplePause):
		}
	}
}

func (m *containerMetrics) sample() {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	found := measure(m.root, m.directory.knows)
	for id := range m.sampled {
		if _, known := m.directory.get(id); !known {
			delete(m.sampled, id)
		}
	}
	for id, now := range found {
		who, known := m.directory.get(id)
		if !known {
			continue
		}
		before := m.sampled[id]
		if before == nil {
			before = &sample{}
			m.sampled[id] = before
		}
		before.who = who
		if before.group == now.group {
			// The kernel makes up the time of a folder when it has to remember it anew.
			now.started = before.started
		} else {
			before.oomBefore += before.oomKills
		}
		before.usage = now
	}
	for id, before := range m.sampled {
		if _, runs := found[id]; !runs {
			before.oomBefore, before.usage = before.oomBefore+before.oomKills, usage{}
		}
	}
}

// Describe is part of prometheus.Collector.
func (m *containerMetrics) Describe(to chan<- *prometheus.Desc) {
	for _, description := range []*prometheus.Desc{cpuUsage, cpuThrottled, cpuLimit, memoryUsage, memoryLimit, startTime, oomEvents} {
		to <- description
	}
}

// Collect is part of prometheus.Collector.
func (m *containerMetrics) Collect(to chan<- prometheus.Metric) {
	m.sample()
	m.mutex.Lock()
	defer m.mutex.Unlock()
	// Two of one name would make all metrics invalid: the one that was started last counts.
	newest := map[identity]*sample{}
	for _, of := range m.sampled {
		if of.group != 0 && (newest[of.who] == nil || newest[of.who].started.Before(of.started)) {
			newest[of.who] = of
		}
	}
	for who, of := range newest {
		labels := []string{who.Service, who.Region, who.Track, who.Instance, who.Role}
		put := func(description *prometheus.Desc, kind prometheus.ValueType, value float64) {
			to <- prometheus.MustNewConstMetric(description, kind, value, labels...)
		}
		put(cpuUsage, prometheus.CounterValue, of.cpuSeconds)
		put(cpuThrottled, prometheus.CounterValue, of.throttledSeconds)
		put(memoryUsage, prometheus.GaugeValue, of.memoryBytes)
		put(startTime, prometheus.GaugeValue, float64(of.started.UnixMilli())/1e3)
		put(oomEvents, prometheus.CounterValue, of.oomBefore+of.oomKills)
		if of.memoryLimit > 0 {
			put(memoryLimit, prometheus.GaugeValue, of.memoryLimit)
		}
		if of.cpuLimit > 0 {
			put(cpuLimit, prometheus.GaugeValue, of.cpuLimit)
		}
	}
}
