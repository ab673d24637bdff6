package cache

import (
	"math/rand/v2"
	"time"

	"github.com/maypok86/otter/v2"
)

// overhead is about what an entry takes in memory beside its key and value.
const overhead = 256

// local is the level in this process.
type local[V any] struct {
	entries *otter.Cache[string, held[V]]
	ttl     time.Duration
}

type held[V any] struct {
	Entry[V]
	// epoch is the listener's when the entry was asked for: what was heard
	// since then would have replaced it.
	epoch uint64
	// lifetime is the TTL less a tenth at most, so that what came together does
	// not expire together.
	lifetime time.Duration
}

func newLocal[V any](bytes int, ttl, kept time.Duration, size func(V) int) (*local[V], error) {
	entries, err := otter.New(&otter.Options[string, held[V]]{
		MaximumWeight: uint64(bytes),
		Weigher: func(key string, entry held[V]) uint32 {
			return uint32(overhead + len(key) + size(entry.Value))
		},
		ExpiryCalculator: otter.ExpiryWriting[string, held[V]](kept),
	})
	return &local[V]{entries, ttl}, err
}

func (l *local[V]) get(key string) (held[V], bool) { return l.entries.GetIfPresent(key) }

// put keeps the newer of what is there and what came, and returns it.
func (l *local[V]) put(key string, entry Entry[V], epoch uint64) held[V] {
	kept := held[V]{entry, epoch, l.ttl - rand.N(l.ttl/10+1)}
	l.entries.Compute(key, func(old held[V], found bool) (held[V], otter.ComputeOp) {
		switch {
		case found && old.Version > entry.Version:
			kept = old
			return old, otter.CancelOp
		case found && old.Version == entry.Version && old.Confirmed.After(entry.Confirmed):
			kept.Confirmed = old.Confirmed
		}
		return kept, otter.WriteOp
	})
	return kept
}
