package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// criFormat is Kubernetes': <namespace>_<pod>_<uid>/<container>/<restarts>.log with lines `time stream F|P text`, older
// ones end in .<time of their rotation>.
type criFormat struct{}

// podSuffix is what a Deployment, a StatefulSet or a Job adds to the name of its own.
var podSuffix = regexp.MustCompile(`(-[0-9a-f]{6,10})?-([0-9]+|[a-z0-9]{5})$`)

func (criFormat) containers(root string) ([]string, error) {
	pods, err := os.ReadDir(root)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, pod := range pods {
		containers, err := os.ReadDir(filepath.Join(root, pod.Name()))
		if err != nil {
			continue
		}
		for _, container := range containers {
			ids = append(ids, pod.Name()+"/"+container.Name())
		}
	}
	return ids, nil
}

func (criFormat) paths(root, id string) []string {
	folder := filepath.Join(root, id)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil
	}
	var names []string
	for _, entry := range entries {
		// A compressed one was whole when the kubelet compressed it, which is after its rotation: it has been read.
		if strings.Contains(entry.Name(), ".log") && !strings.HasSuffix(entry.Name(), ".gz") && !strings.HasSuffix(entry.Name(), ".tmp") {
			names = append(names, entry.Name())
		}
	}
	slices.SortFunc(names, func(one, other string) int { return -compareNames(one, other) })
	for position, name := range names {
		names[position] = filepath.Join(folder, name)
	}
	return names
}

// compareNames orders 0.log.20261129-101500, 0.log, 1.log: the oldest first.
func compareNames(one, other string) int {
	before, rotated, _ := strings.Cut(one, ".log")
	otherBefore, otherRotated, _ := strings.Cut(other, ".log")
	if len(before) != len(otherBefore) {
		return len(before) - len(otherBefore)
	}
	if before != otherBefore {
		return strings.Compare(before, otherBefore)
	}
	if rotated == "" || otherRotated == "" {
		return len(otherRotated) - len(rotated)
	}
	return strings.Compare(rotated, otherRotated)
}

// identify reads the path: a region's namespace is gostack-<stack>-<region>, or <stack>-<region> when the settings name
// it, and the name of a pod in it begins with the service, the region and, of a canary, the track.
func (criFormat) identify(_, id, stack string) (identity, belonging) {
	pod, container, _ := strings.Cut(id, "/")
	words := strings.Split(pod, "_")
	if len(words) != 3 {
		return identity{}, foreign
	}
	region, named := strings.CutPrefix(strings.TrimPrefix(words[0], "gostack-"), stack+"-")
	if !named {
		return identity{}, foreign
	}
	who := identity{Region: region, Instance: words[1], Role: container}
	service, rest, named := strings.Cut(words[1], "-"+region+"-")
	switch {
	case !named:
		who.Service = podSuffix.ReplaceAllString(words[1], "")
	case container == "application" && strings.HasPrefix(rest, "canary-"):
		who.Service, who.Track = service, "canary"
	case container == "application":
		who.Service, who.Track = service, "stable"
	default:
		who.Service = service
	}
	return who, ours
}

func (criFormat) parse(line []byte) (entry, bool) {
	words := bytes.SplitN(bytes.TrimSuffix(line, []byte("\n")), []byte(" "), 4)
	if len(words) != 4 {
		return entry{}, false
	}
	return entry{string(words[0]), string(words[1]), bytes.Clone(words[3]), words[2][0] == 'P'}, true
}
