package resilience

import (
	"context"
	"errors"
	"math"
	"time"

	"golang.org/x/sync/semaphore"
)

// ErrFull says that others kept every slot of a bulkhead for too long.
var ErrFull = errors.New("too many requests of its kind are waiting already")

// Bulkhead bounds how many operations are under way at once: a kind of work that
// hangs keeps no more than its share of what others need, too.
type Bulkhead struct {
	slots *semaphore.Weighted
}

// NewBulkhead returns a bulkhead with a number of slots; zero or less is no limit.
func NewBulkhead(slots int) *Bulkhead {
	if slots <= 0 {
		slots = math.MaxInt
	}
	return &Bulkhead{slots: semaphore.NewWeighted(int64(slots))}
}

// Do calls the operation once there is a slot, or gives ErrFull. It waits for half
// of the time that ctx has left: with less than that an operation would be cut off
// in its middle, which is worse than one that never began. Without a deadline it
// waits for as long as it takes.
func (b *Bulkhead) Do(ctx context.Context, operation func(context.Context) error) error {
	if !b.enter(ctx) {
		return ErrFull
	}
	defer b.slots.Release(1)
	return operation(ctx)
}

func (b *Bulkhead) enter(ctx context.Context) bool {
	if deadline, limited := ctx.Deadline(); limited {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/2)
		defer cancel()
	}
	return b.slots.Acquire(ctx, 1) == nil
}
