package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// usage is what a container has used since its start, and may use; a limit of 0 is none.
type usage struct {
	cpuSeconds, throttledSeconds, cpuLimit float64
	memoryBytes, memoryLimit               float64
	oomKills                               float64
	started                                time.Time
	// group is another number after each start of the container.
	group uint64
}

// containerGroup is how both drivers of runtimes name a container's group: its id, or docker-<id>.scope of systemd.
var containerGroup = regexp.MustCompile(`^(?:[a-z-]+-)?([0-9a-f]{64})(?:\.scope)?$`)

// unlimited is more than any limit: version 1 writes the largest number of pages for none.
const unlimited = 1 << 60

// measure reads the groups of known containers below a mounted hierarchy, however deep they are.
func measure(root string, known func(id string) bool) map[string]usage {
	if _, err := os.Stat(filepath.Join(root, "cgroup.controllers")); err == nil {
		return measured(root, known, measureVersion2)
	}
	return measured(filepath.Join(root, "memory"), known, func(folder string) usage {
		// Each controller has a hierarchy of its own, and the same folders in it.
		relative, err := filepath.Rel(filepath.Join(root, "memory"), folder)
		if err != nil {
			return usage{}
		}
		return measureVersion1(root, relative)
	})
}

func measured(root string, known func(id string) bool, read func(folder string) usage) map[string]usage {
	found := map[string]usage{}
	_ = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return nil
		}
		match := containerGroup.FindStringSubmatch(entry.Name())
		if match == nil {
			return nil
		}
		if !known(match[1]) {
			return fs.SkipDir
		}
		of := read(path)
		information, err := os.Stat(path)
		if err != nil {
			// It has ended meanwhile.
			return fs.SkipDir
		}
		of.started, of.group = information.ModTime(), inodeOf(information)
		if system, ok := information.Sys().(*syscall.Stat_t); ok {
			of.started = earlier(of.started, time.Unix(system.Ctim.Sec, system.Ctim.Nsec))
		}
		found[match[1]] = of
		return fs.SkipDir
	})
	return found
}

func earlier(one, other time.Time) time.Time {
	if other.Before(one) {
		return other
	}
	return one
}

func measureVersion2(folder string) usage {
	cpu, memory := keyed(folder, "cpu.stat"), keyed(folder, "memory.stat")
	of := usage{
		cpuSeconds:       cpu["usage_usec"] / 1e6,
		throttledSeconds: cpu["throttled_usec"] / 1e6,
		memoryBytes:      max(0, number(folder, "memory.current")-memory["inactive_file"]),
		memoryLimit:      number(folder, "memory.max"),
		oomKills:         keyed(folder, "memory.events")["oom_kill"],
	}
	if words := strings.Fields(content(folder, "cpu.max")); len(words) == 2 {
		of.cpuLimit = cores(words[0], words[1])
	}
	return of
}

func measureVersion1(root, relative string) usage {
	cpu, account, memory := filepath.Join(root, "cpu", relative), filepath.Join(root, "cpuacct", relative), filepath.Join(root, "memory", relative)
	of := usage{
		cpuSeconds:       number(account, "cpuacct.usage") / 1e9,
		throttledSeconds: keyed(cpu, "cpu.stat")["throttled_time"] / 1e9,
		cpuLimit:         cores(content(cpu, "cpu.cfs_quota_us"), content(cpu, "cpu.cfs_period_us")),
		memoryBytes:      max(0, number(memory, "memory.usage_in_bytes")-keyed(memory, "memory.stat")["total_inactive_file"]),
		memoryLimit:      number(memory, "memory.limit_in_bytes"),
		oomKills:         keyed(memory, "memory.oom_control")["oom_kill"],
	}
	if of.memoryLimit >= unlimited {
		of.memoryLimit = 0
	}
	return of
}

// cores is 0 without a limit, which is written as -1 or max.
func cores(quota, period string) float64 {
	of, err := strconv.ParseFloat(quota, 64)
	in, errPeriod := strconv.ParseFloat(period, 64)
	if err != nil || errPeriod != nil || of <= 0 || in <= 0 {
		return 0
	}
	return of / in
}

func content(folder, file string) string {
	text, err := os.ReadFile(filepath.Join(folder, file))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// number is 0 for what is none, as max is.
func number(folder, file string) float64 {
	value, err := strconv.ParseFloat(content(folder, file), 64)
	if err != nil {
		return 0
	}
	return value
}

func keyed(folder, file string) map[string]float64 {
	values := map[string]float64{}
	for line := range strings.Lines(content(folder, file)) {
		if key, text, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			if value, err := strconv.ParseFloat(text, 64); err == nil {
				values[key] = value
			}
		}
	}
	return values
}
