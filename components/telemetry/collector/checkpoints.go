package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"time"
)

// checkpoint is what the store has of a container's log.
type checkpoint struct {
	// At is where the first line begins that has not been read, in a file.
	At position `json:"at,omitzero"`
	// Begun is stream to where its line begins of which only parts have been read.
	Begun map[string]position `json:"begun,omitempty"`
	// Until is the time of the last line that has been read, of a pod.
	Until time.Time `json:"until,omitzero"`
}

// checkpoints is a file of them, by container. It never holds more than the store has acknowledged.
type checkpoints struct {
	path    string
	of      map[string]checkpoint
	changed bool
}

// openCheckpoints reads the file of an earlier process. Without one, or with a broken one, everything is read from its
// beginning: a row twice is better than none.
func openCheckpoints(folder string) (*checkpoints, error) {
	opened := &checkpoints{path: filepath.Join(folder, "checkpoints.json"), of: map[string]checkpoint{}}
	text, err := os.ReadFile(opened.path)
	if err == nil {
		if err := json.Unmarshal(text, &opened.of); err != nil {
			log.Printf("%s is broken, all logs are read from their beginning: %v", opened.path, err)
			clear(opened.of)
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	opened.changed = true
	// What cannot be written is better known now than after the first line.
	return opened, opened.write()
}

func (c *checkpoints) commit(read map[string]checkpoint, gone []string) {
	for id, saved := range read {
		c.of[id] = saved
	}
	for _, id := range gone {
		delete(c.of, id)
	}
	c.changed = c.changed || len(read)+len(gone) > 0
}

// write replaces the file by one that is whole on the disk.
func (c *checkpoints) write() error {
	if !c.changed {
		return nil
	}
	text, err := json.Marshal(c.of)
	if err != nil {
		return err
	}
	file, err := os.Create(c.path + ".new")
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), c.path); err != nil {
		return err
	}
	c.changed = false
	return nil
}
