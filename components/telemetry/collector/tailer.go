package main

import (
	"context"
	"fmt"
	"log"
	"sync/atomic"
	"time"
)

const (
	pollPause = 250 * time.Millisecond
	scanPause = time.Second
	// readBytes is more than the longest line of a runtime, which cuts every 16 KiB: escapes make up to six of one byte.
	readBytes = 256 << 10
)

// tailer reads the logs of all containers of the stack. While nobody takes its batches it reads nothing: checkpoints
// keep the place, and the runtime keeps the lines.
type tailer struct {
	root, stack string
	directory   *directory
	// rows makes rows of a line, and counts it.
	rows func(found) []byte
	// served is told how far the logs have been read.
	served *served
	// batches is closed when the last one has been handed on.
	batches chan *batch
	dropped *metrics
	// saved is what an earlier process has read.
	saved map[string]checkpoint
	// forgotten are containers that were removed since.
	forgotten []string
	// alive is when it last looked for files, in seconds.
	alive      atomic.Int64
	containers map[string]*container
	scanned    time.Time
}

func newTailer(
	given configuration, known *directory, rows func(found) []byte, services *served, dropped *metrics, batches chan *batch,
	saved map[string]checkpoint,
) *tailer {
	made := &tailer{
		root: given.Containers, stack: given.Stack, directory: known, dropped: dropped, served: services,
		saved: saved, batches: batches, rows: rows,
	}
	made.alive.Store(time.Now().Unix())
	return made
}

// run reads until a context ends, and gives the last batch until another one does.
func (t *tailer) run(ctx, grace context.Context) {
	defer close(t.batches)
	t.containers = map[string]*container{}
	buffer := make([]byte, readBytes)
	unsent := newBatch()
	for ctx.Err() == nil {
		if time.Since(t.scanned) >= scanPause {
			if err := t.scan(); err != nil {
				log.Print(err)
			}
		}
		unsent.gone, t.forgotten = append(unsent.gone, t.forgotten...), nil
		busy := false
		for id, of := range t.containers {
			if ctx.Err() != nil {
				break
			}
			busy = t.read(id, of, buffer, unsent) || busy
			if len(unsent.rows) >= batchBytes {
				t.send(grace, unsent)
				unsent = newBatch()
			}
		}
		if !unsent.empty() {
			t.send(grace, unsent)
			unsent = newBatch()
		}
		if !busy {
			select {
			case <-ctx.Done():
			case <-time.After(pollPause):
			}
		}
	}
	for _, of := range t.containers {
		of.close()
	}
}

// read puts what a container has written into a batch.
func (t *tailer) read(id string, of *container, buffer []byte, into *batch) bool {
	began := time.Now()
	busy := of.read(buffer, func(line found) { into.add(t.rows(line)) }, t.dropped)
	if of.atEnd {
		t.served.reached(of.who, began)
	}
	if of.changed {
		if saved, ok := of.checkpoint(); ok {
			into.read[id] = saved
			of.changed = false
		}
	}
	if of.gone && !busy {
		of.close()
		delete(t.containers, id)
		t.directory.remove(id)
		t.served.forget(of.who)
		delete(into.read, id)
		into.gone = append(into.gone, id)
	}
	return busy
}

// send waits until a batch is taken. Meanwhile it keeps open what the runtime rotates away.
func (t *tailer) send(grace context.Context, full *batch) {
	again := time.NewTicker(scanPause)
	defer again.Stop()
	for {
		select {
		case t.batches <- full:
			return
		case <-again.C:
			if err := t.scan(); err != nil {
				log.Print(err)
			}
		case <-grace.Done():
			return
		}
	}
}

// scan finds containers that have come or gone, and their new files.
func (t *tailer) scan() error {
	t.scanned = time.Now()
	ids, err := containers(t.root)
	if err != nil {
		return fmt.Errorf("the logs of containers cannot be read: %w", err)
	}
	t.alive.Store(time.Now().Unix())
	there := make(map[string]bool, len(ids))
	for _, id := range ids {
		there[id] = true
		of := t.containers[id]
		if of == nil {
			of = newContainer(id)
			t.containers[id] = of
		}
		if of.whose == unknown {
			if of.who, of.whose = identify(t.root, id, t.stack); of.whose == ours {
				t.directory.put(id, of.who)
			}
		}
		if of.whose != ours {
			continue
		}
		of.refresh(t.root, t.dropped)
		if saved, ok := t.saved[id]; ok && len(of.files) > 0 {
			delete(t.saved, id)
			of.resume(saved)
		}
	}
	for id := range t.saved {
		if !there[id] {
			delete(t.saved, id)
			t.forgotten = append(t.forgotten, id)
		}
	}
	for id, of := range t.containers {
		of.gone = !there[id]
		if of.gone && of.whose != ours {
			delete(t.containers, id)
		}
	}
	return nil
}
