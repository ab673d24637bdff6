package users

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"gostack.dev/users/internal/database"
	"gostack.dev/users/internal/resilience"
)

const (
	transactionAttempts = 3
	// How often a primary that cannot move is dialled: a name server that lost a
	// question is no outage, and one that is away is told of soon.
	connectAttempts = 3
	// How long a request waits before it asks again for a primary that is away,
	// and the primary's circuit breaker before it lets a request through: both add
	// to a failover, which takes seconds by itself.
	failoverPause        = 100 * time.Millisecond
	failoverOpenDuration = 400 * time.Millisecond
)

// errUncertain says that a commit may have arrived: whoever repeats the work
// must know that it was done or be able to do it twice.
var errUncertain = errors.New("it is not known whether the transaction was committed")

// Query asks the primary, which knows of every write.
func (r *MySQLRepository) Query(ctx context.Context, query func(context.Context, *sql.DB) error) error {
	return r.onPrimary(ctx, r.primaryBreaker.Do, repeatable, func(ctx context.Context) error { return query(ctx, r.pools.Primary) })
}

// write runs an operation that writes. A disk on which commits hang makes writes
// fail, and takes neither the connections nor the breaker of reads: those need no commit.
func (r *MySQLRepository) write(ctx context.Context, again repetition, operation func(context.Context) error) error {
	guarded := func(ctx context.Context, operation func(context.Context) error) error {
		return r.writes.Do(ctx, func(ctx context.Context) error { return r.writeBreaker.Do(ctx, operation) })
	}
	return r.onPrimary(ctx, guarded, again, operation)
}

// repetition says what may be done once more although it may have been done.
type repetition bool

const (
	repeatable repetition = true
	onlyOnce   repetition = false
)

// guard stands between an operation and the primary.
type guard func(ctx context.Context, operation func(context.Context) error) error

// onPrimary runs the operation on the primary, each attempt behind the guard. While
// a failover is underway it tries again until the request's deadline: an answer that
// comes seconds late is worth more than an error, and an error of every replica would
// make the ingress take them all for dead, for reads too. An operation whose commit
// may have arrived is run again only where that is harmless. Where the primary cannot
// move, only a connection that was never made is tried again, a few times; and where
// of all members none says anything, there is nothing to wait for.
func (r *MySQLRepository) onPrimary(ctx context.Context, guarded guard, again repetition, operation func(context.Context) error) error {
	for attempt := 1; ; attempt++ {
		err := translate(guarded(ctx, operation))
		if errors.Is(err, resilience.ErrFull) {
			// It has waited for its turn already, and nothing was heard of the primary.
			return err
		}
		if !errors.Is(err, resilience.ErrOpen) {
			r.allAway.Store(database.IsAllAway(err))
		}
		switch {
		case !errors.Is(err, ErrUnavailable):
			return err
		case !r.primaryMoves && (attempt == connectAttempts || !database.IsUnconnected(err)):
			return err
		case r.allAway.Load():
			return err
		case again == onlyOnce && errors.Is(err, errUncertain):
			return err
		case !r.pause(ctx):
			return err
		}
	}
}

// Transaction runs the work on the primary, once more although it may have been committed: it must be harmless then.
func (r *MySQLRepository) Transaction(ctx context.Context, work func(context.Context, *sql.Tx) error) error {
	return r.write(ctx, repeatable, func(ctx context.Context) error { return r.transaction(ctx, work) })
}

// transaction runs the work on the primary, again where nothing can be left of
// the first attempt: a deadlock, or a pooled connection to a server that is no
// longer the primary.
func (r *MySQLRepository) transaction(ctx context.Context, work func(context.Context, *sql.Tx) error) error {
	var err error
	for range transactionAttempts {
		err = inTransaction(ctx, r.pools.Primary, work)
		if !database.IsSafeToRepeat(err) || ctx.Err() != nil {
			return err
		}
	}
	return err
}

func inTransaction(ctx context.Context, pool *sql.DB, work func(context.Context, *sql.Tx) error) error {
	transaction, err := pool.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := work(ctx, transaction); err != nil {
		// The first error is the one that says why; a rollback of a broken
		// connection can only repeat it.
		_ = transaction.Rollback()
		return err
	}
	if err := transaction.Commit(); err != nil {
		// Whatever broke before left nothing: a server undoes what was not committed.
		if database.IsUnavailable(err) && !database.IsSafeToRepeat(err) {
			return fmt.Errorf("%w: %w", errUncertain, err)
		}
		return err
	}
	return nil
}

// writeSlots is how many of a pool's connections writes may have at once: half of
// them, one at least, and zero (no limit) where the pool has none.
func writeSlots(pool *sql.DB) int {
	connections := pool.Stats().MaxOpenConnections
	if connections == 0 {
		return 0
	}
	return max(1, connections/2)
}

// pauseForFailover spreads those who wait, so that they do not come all at once.
func pauseForFailover(ctx context.Context) bool {
	pause := failoverPause/2 + rand.N(failoverPause)
	if deadline, limited := ctx.Deadline(); limited && time.Until(deadline) <= pause {
		return false
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(pause):
		return true
	}
}
