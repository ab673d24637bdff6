package cache

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	// waitingChanges is how many changes wait for a Valkey that is away.
	waitingChanges = 4096
	changesAtOnce  = 128
	shortestPause  = 50 * time.Millisecond
	longestPause   = time.Second
)

// change is an entry on its way to a region.
type change struct {
	key, text string
	version   int64
	made      time.Time
}

// relay carries changes to the Valkey of one region. It tries again until they
// have arrived or are so old that no fresh entry can contradict them.
type relay struct {
	address string
	shared  *shared
	changes chan change
	useful  time.Duration
	lost    func(address string)
	pending sync.WaitGroup
}

// send never waits: a change that finds no place is lost, and the TTL bounds what that does.
func (r *relay) send(change change) {
	r.pending.Add(1)
	select {
	case r.changes <- change:
	default:
		r.drop()
	}
}

func (r *relay) drop() {
	r.lost(r.address)
	r.pending.Done()
}

func (r *relay) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case first := <-r.changes:
			r.deliver(ctx, r.batch(first))
		}
	}
}

func (r *relay) batch(first change) []change {
	batch := []change{first}
	for len(batch) < changesAtOnce {
		select {
		case next := <-r.changes:
			batch = append(batch, next)
		default:
			return batch
		}
	}
	return batch
}

func (r *relay) deliver(ctx context.Context, batch []change) {
	for pause := shortestPause; len(batch) > 0; pause = min(2*pause, longestPause) {
		if r.shared.putAll(ctx, batch) == nil {
			r.pending.Add(-len(batch))
			return
		}
		if !sleep(ctx, pause) {
			return
		}
		for len(batch) > 0 && time.Since(batch[0].made) > r.useful {
			batch = batch[1:]
			r.drop()
		}
	}
}

// sleep waits about as long as it is told, and is false when the context has ended.
func sleep(ctx context.Context, pause time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(pause/2 + rand.N(pause)):
		return true
	}
}
