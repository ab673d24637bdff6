package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// rotatedFiles is how many older files than the current one are looked for; the stack's containers keep two.
const rotatedFiles = 9

// dockerFormat is the json-file driver's: <id>/<id>-json.log, older ones end in .1, .2, ….
type dockerFormat struct{}

func (dockerFormat) containers(root string) ([]string, error) {
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, err
	}
	ids := make([]string, 0, len(entries))
	for _, entry := range entries {
		if entry.IsDir() {
			ids = append(ids, entry.Name())
		}
	}
	return ids, nil
}

func (dockerFormat) paths(root, id string) []string {
	current := filepath.Join(root, id, id+"-json.log")
	paths := []string{current}
	for number := 1; number <= rotatedFiles; number++ {
		paths = append(paths, current+"."+strconv.Itoa(number))
	}
	return paths
}

// identify reads the labels of a container in the engine's own file, so that one that never says a word is known too.
// The file holds its environment as well: nothing but the name and the labels is taken out of it.
func (dockerFormat) identify(root, id, stack string) (identity, belonging) {
	text, err := os.ReadFile(filepath.Join(root, id, "config.v2.json"))
	var written struct {
		Name   string
		Config struct{ Labels map[string]string }
	}
	if err != nil || json.Unmarshal(text, &written) != nil {
		return identity{}, unknown
	}
	labels := written.Config.Labels
	if labels["gostack.stack"] != stack {
		return identity{}, foreign
	}
	instance := labels["gostack.instance"]
	if instance == "" {
		instance = strings.TrimPrefix(written.Name, "/")
	}
	return identity{
		Service:  labels["gostack.service"],
		Region:   labels["gostack.region"],
		Track:    labels["gostack.track"],
		Instance: instance,
		Role:     labels["gostack.role"],
	}, ours
}

func (dockerFormat) parse(line []byte) (entry, bool) {
	var written struct {
		Log    *string `json:"log"`
		Stream string  `json:"stream"`
		Time   string  `json:"time"`
	}
	if json.Unmarshal(line, &written) != nil || written.Log == nil {
		return entry{}, false
	}
	// The driver cuts a line every 16 KiB, and only its last part ends as the line did.
	text, whole := strings.CutSuffix(*written.Log, "\n")
	return entry{written.Time, written.Stream, []byte(text), !whole}, true
}
