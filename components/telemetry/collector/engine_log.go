package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// entry is a line that a container wrote, or a part of it.
type entry struct {
	time   string
	stream string
	text   []byte
	// part is true when the rest of the line follows in the next entry of the stream.
	part bool
}

// rotatedFiles is how many older files than the current one are looked for; the stack's containers keep two.
const rotatedFiles = 9

// containers are the ids of all that the engine has now.
func containers(root string) ([]string, error) {
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

// logPaths are the files of the json-file driver that a container may have, the newest first: <id>/<id>-json.log, older
// ones end in .1, .2, ….
func logPaths(root, id string) []string {
	current := filepath.Join(root, id, id+"-json.log")
	paths := []string{current}
	for number := 1; number <= rotatedFiles; number++ {
		paths = append(paths, current+"."+strconv.Itoa(number))
	}
	return paths
}

// identify reads the labels of a container in the engine's own file, so that one that never says a word is known too.
// The file holds its environment as well: nothing but the name and the labels is taken out of it.
func identify(root, id, stack string) (identity, belonging) {
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

// parse reads a line; false when it is none.
func parse(line []byte) (entry, bool) {
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
