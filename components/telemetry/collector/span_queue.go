package main

import (
	"context"
	"sync"
)

// queuedBytes is how much of spans is kept while the store is away: those who send them wait for nobody.
const queuedBytes = 8 << 20

// spanQueue is rows that wait for the store.
type spanQueue struct {
	mutex sync.Mutex
	rows  [][]byte
	bytes int
	// filled has something when there are rows.
	filled chan struct{}
}

func newSpanQueue() *spanQueue { return &spanQueue{filled: make(chan struct{}, 1)} }

// add is false when there is no room.
func (q *spanQueue) add(row []byte) bool {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	if q.bytes+len(row) > queuedBytes {
		return false
	}
	q.rows, q.bytes = append(q.rows, row), q.bytes+len(row)
	select {
	case q.filled <- struct{}{}:
	default:
	}
	return true
}

// take removes as many rows as a batch holds.
func (q *spanQueue) take() *batch {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	taken := newBatch()
	for len(q.rows) > 0 && len(taken.rows) < batchBytes {
		taken.add(q.rows[0])
		q.bytes -= len(q.rows[0])
		q.rows[0], q.rows = nil, q.rows[1:]
	}
	return taken
}

// send hands rows to the store until a context ends, and what is left then until another one does.
func (q *spanQueue) send(ctx, grace context.Context, to *store) {
	for {
		select {
		case <-q.filled:
		case <-ctx.Done():
		}
		for taken := q.take(); taken.count > 0; taken = q.take() {
			if to.deliver(grace, taken.rows, taken.count) != nil {
				to.metrics.lost("spans", taken.count)
			}
		}
		if ctx.Err() != nil {
			return
		}
	}
}
