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

// identify reads the labels that the driver's option `labels` puts into each line. The folder's config.v2.json holds
// them too, and every secret of the container's environment: it is never opened.
func (dockerFormat) identify(id string, line []byte, stack string) (identity, bool) {
	var written struct {
		Attributes map[string]string `json:"attrs"`
	}
	if json.Unmarshal(line, &written) != nil || written.Attributes["gostack.stack"] != stack {
		return identity{}, false
	}
	instance := written.Attributes["gostack.instance"]
	if instance == "" {
		instance = written.Attributes["tag"]
	}
	if instance == "" {
		instance = id[:min(12, len(id))]
	}
	return identity{
		Service:  written.Attributes["gostack.service"],
		Region:   written.Attributes["gostack.region"],
		Track:    written.Attributes["gostack.track"],
		Instance: instance,
		Role:     written.Attributes["gostack.role"],
	}, true
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
