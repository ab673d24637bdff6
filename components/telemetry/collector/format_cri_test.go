package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestAPodIsKnownByItsPath(t *testing.T) {
	for id, wanted := range map[string]identity{
		"gostack-dev-east_users-east-5d8f7c9b6d-x2x4z_uid/application":         {"users", "east", "stable", "users-east-5d8f7c9b6d-x2x4z", "application"},
		"gostack-dev-east_users-east-canary-5d8f7c9b6d-x2x4z_uid/application":  {"users", "east", "canary", "users-east-canary-5d8f7c9b6d-x2x4z", "application"},
		"dev-east_ingress-east-5d8f7c9b6d-x2x4z_uid/nginx":                     {"ingress", "east", "", "ingress-east-5d8f7c9b6d-x2x4z", "nginx"},
		"dev-east_consul-0_uid/consul":                                         {"consul", "east", "", "consul-0", "consul"},
		"kube-system_coredns-5d8f7c9b6d-x2x4z_uid/coredns":                     {},
		"gostack-development-east_users-east-5d8f7c9b6d-x2x4z_uid/application": {},
		"nonsense/x": {},
	} {
		who, whose := criFormat{}.identify("", id, "dev")
		if who != wanted || (whose == ours) != (wanted != identity{}) {
			t.Errorf("%s: %+v", id, who)
		}
	}
}

func TestLogsOfPodsAreDeliveredOnceOverRotationAndRestart(t *testing.T) {
	to := newFakeStore(t)
	given := configured(t, to)
	given.Format = "cri"
	folder := filepath.Join(given.Containers, "gostack-dev-east_users-east-5d8f7c9b6d-x2x4z_uid", "application")
	current := filepath.Join(folder, "0.log")
	put(t, folder, map[string]string{
		"0.log.20261129-100000":    "2026-11-29T10:00:00.1Z stdout F one\n",
		"0.log.20261129-090000.gz": "packed",
		"0.log":                    "2026-11-29T10:00:00.2Z stdout P t\n2026-11-29T10:00:00.3Z stderr F three\n2026-11-29T10:00:00.4Z stdout F wo\nnonsense\n",
	})
	process := start(t, given)
	once(t, to.messages(t, 3), []string{"one", "three", "two"})
	process.has(`collector_rows_dropped_total{reason="malformed"}`, "1")
	has(t, to.received()[2], map[string]string{"_time": "2026-11-29T10:00:00.2Z", "service": "users", "region": "east", "stream": "stdout"})
	process.stop()
	must(t, os.Rename(current, current+".20261129-110000"))
	put(t, folder, map[string]string{"0.log": "2026-11-29T10:00:00.5Z stdout F four\n", "1.log": "2026-11-29T10:00:00.6Z stdout F five\n"})
	start(t, given)
	once(t, to.messages(t, 5), []string{"one", "three", "two", "four", "five"})
}

func TestFilesOfAPodAreReadInTheOrderOfTheirLines(t *testing.T) {
	names := []string{"10.log", "0.log", "9.log", "0.log.20261129-110000", "0.log.20261129-100000"}
	slices.SortFunc(names, compareNames)
	if !slices.Equal(names, []string{"0.log.20261129-100000", "0.log.20261129-110000", "0.log", "9.log", "10.log"}) {
		t.Error(names)
	}
}
