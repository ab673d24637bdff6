package main

import "sync"

// identity is what a container is in the stack.
type identity struct {
	Service  string
	Region   string
	Track    string
	Instance string
	Role     string
}

// belonging is whose a container is.
type belonging int

const (
	// unknown is one of which its runtime has not written anything yet: it is asked for again.
	unknown belonging = iota
	foreign
	ours
)

// directory is the containers of the stack that are known so far, by the id of their folder.
type directory struct {
	mutex sync.RWMutex
	known map[string]identity
}

func newDirectory() *directory { return &directory{known: map[string]identity{}} }

func (d *directory) put(id string, who identity) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.known[id] = who
}

func (d *directory) remove(id string) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	delete(d.known, id)
}

func (d *directory) get(id string) (identity, bool) {
	d.mutex.RLock()
	defer d.mutex.RUnlock()
	who, ok := d.known[id]
	return who, ok
}

func (d *directory) knows(id string) bool {
	_, known := d.get(id)
	return known
}
