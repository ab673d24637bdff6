package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func put(t *testing.T, folder string, files map[string]string) {
	t.Helper()
	must(t, os.MkdirAll(folder, 0o755))
	for name, text := range files {
		must(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644))
	}
}

func version2(t *testing.T, folder, id string) string {
	t.Helper()
	root := t.TempDir()
	put(t, root, map[string]string{"cgroup.controllers": "cpu memory"})
	put(t, filepath.Join(root, strings.ReplaceAll(folder, "ID", id)), map[string]string{
		"cpu.stat":    "usage_usec 2500000\nuser_usec 1\nnr_throttled 3\nthrottled_usec 500000\n",
		"memory.stat": "anon 1\ninactive_file 100\nactive_file 5\n", "memory.current": "1100\n", "memory.max": "4096\n",
		"memory.events": "low 0\noom 2\noom_kill 1\n", "cpu.max": "50000 100000\n",
	})
	return root
}

func version1(t *testing.T, folder, id string) string {
	t.Helper()
	root := t.TempDir()
	folder = strings.ReplaceAll(folder, "ID", id)
	put(t, filepath.Join(root, "cpuacct", folder), map[string]string{"cpuacct.usage": "2500000000\n"})
	put(t, filepath.Join(root, "cpu", folder), map[string]string{
		"cpu.stat": "nr_periods 9\nthrottled_time 500000000\n", "cpu.cfs_quota_us": "50000\n", "cpu.cfs_period_us": "100000\n",
	})
	put(t, filepath.Join(root, "memory", folder), map[string]string{
		"memory.usage_in_bytes": "1100\n", "memory.stat": "inactive_file 7\ntotal_inactive_file 100\n",
		"memory.limit_in_bytes": "4096\n", "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n",
	})
	return root
}

func knownUsers() *directory {
	known := newDirectory()
	known.put(containerID, users)
	return known
}

func TestContainersAreMeasuredWithEveryHierarchyAndDriver(t *testing.T) {
	for name, root := range map[string]string{
		"version 2, systemd":          version2(t, "system.slice/docker-ID.scope", containerID),
		"version 2, cgroupfs":         version2(t, "docker/ID", containerID),
		"version 2, below another":    version2(t, "machine.slice/docker-abc.scope/docker/ID", containerID),
		"version 2, containerd's pod": version2(t, "kubepods.slice/kubepods-burstable.slice/kubepods-pod1.slice/cri-containerd-ID.scope", containerID),
		"version 1, systemd":          version1(t, "system.slice/docker-ID.scope", containerID),
		"version 1, cgroupfs":         version1(t, "docker/ID", containerID),
		"version 1, below another":    version1(t, "docker/"+strings.Repeat("f", 12)+"/docker/ID", containerID),
	} {
		t.Run(name, func(t *testing.T) {
			of, ok := measure(root, knownUsers().knows)[containerID]
			if !ok {
				t.Fatal("not found")
			}
			if since := time.Since(of.started); since < 0 || since > time.Minute || of.group == 0 {
				t.Errorf("started %v, group %d", of.started, of.group)
			}
			of.started, of.group = time.Time{}, 0
			if wanted := (usage{cpuSeconds: 2.5, throttledSeconds: .5, cpuLimit: .5, memoryBytes: 1000, memoryLimit: 4096, oomKills: 1}); of != wanted {
				t.Errorf("%+v", of)
			}
		})
	}
}

func TestNoLimitHasNoSeries(t *testing.T) {
	second := version2(t, "docker/ID", containerID)
	put(t, filepath.Join(second, "docker", containerID), map[string]string{"cpu.max": "max 100000\n", "memory.max": "max\n"})
	first := version1(t, "docker/ID", containerID)
	put(t, filepath.Join(first, "cpu", "docker", containerID), map[string]string{"cpu.cfs_quota_us": "-1\n"})
	put(t, filepath.Join(first, "memory", "docker", containerID), map[string]string{"memory.limit_in_bytes": "9223372036854771712\n"})
	for _, root := range []string{second, first} {
		if got := testutil.CollectAndCount(newContainerMetrics(root, knownUsers())); got != 5 {
			t.Errorf("%d series", got)
		}
	}
}

func TestContainersHaveTheLabelsOfTheStack(t *testing.T) {
	metrics := newContainerMetrics(version2(t, "docker/ID", containerID), knownUsers())
	const labels = `{instance="users-east-1",region="east",role="application",service="users",track="stable"}`
	wanted := "# HELP container_memory_working_set_bytes Memory without what the kernel may drop.\n" +
		"# TYPE container_memory_working_set_bytes gauge\ncontainer_memory_working_set_bytes" + labels + " 1000\n"
	must(t, testutil.CollectAndCompare(metrics, strings.NewReader(wanted), "container_memory_working_set_bytes"))
}

func TestContainersOfOthersAreNotMeasured(t *testing.T) {
	if got := testutil.CollectAndCount(newContainerMetrics(version2(t, "docker/ID", strings.Repeat("f", 64)), knownUsers())); got != 0 {
		t.Errorf("%d series", got)
	}
}

func TestKillsAreCountedOverARestartOfTheContainer(t *testing.T) {
	root := version2(t, "docker/ID", containerID)
	metrics := newContainerMetrics(root, knownUsers())
	metrics.sample()
	folder := filepath.Join(root, "docker", containerID)
	remove(t, folder)
	metrics.sample()
	if got := testutil.CollectAndCount(metrics); got != 0 {
		t.Errorf("%d series of a container that does not run", got)
	}
	put(t, folder, map[string]string{"memory.events": "oom_kill 1\n"})
	metrics.sample()
	// Another start between two looks.
	must(t, os.Rename(folder, filepath.Join(t.TempDir(), "old")))
	put(t, folder, map[string]string{"memory.events": "oom_kill 1\n"})
	metrics.sample()
	wanted := "# HELP container_oom_events_total Processes that were killed because of the memory limit.\n" +
		"# TYPE container_oom_events_total counter\ncontainer_oom_events_total" +
		`{instance="users-east-1",region="east",role="application",service="users",track="stable"}` + " 3\n"
	must(t, testutil.CollectAndCompare(metrics, strings.NewReader(wanted), "container_oom_events_total"))
}

func TestTwoContainersOfOneNameAreOneSeries(t *testing.T) {
	root := version2(t, "docker/ID", containerID)
	another := strings.Repeat("f", 64)
	put(t, filepath.Join(root, "docker", another), map[string]string{"memory.current": "7\n"})
	known := knownUsers()
	known.put(another, users)
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(newContainerMetrics(root, known))
	if _, err := registry.Gather(); err != nil {
		t.Error(err)
	}
}
