package users

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"gostack.dev/users/internal/database"
	"gostack.dev/users/internal/resilience"
)

const (
	columns = "id, name, email, created_at, updated_at"
	// A replica that hangs must leave time to ask the primary within the same request.
	replicaDeadline     = 1500 * time.Millisecond
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

// The names under which the circuit breakers appear in logs and metrics.
const (
	PrimaryBreaker = "mysql_primary"
	ReplicaBreaker = "mysql_replica"
)

// MySQLRepository keeps users in MySQL: it reads from the replica of the region
// and writes to the primary.
type MySQLRepository struct {
	pools        database.Pools
	primaryMoves bool
	// allAway remembers, while the primary's breaker is open, that no member answers.
	allAway        atomic.Bool
	primaryBreaker *resilience.Breaker
	replicaBreaker *resilience.Breaker
	fallback       func(reason string)
	now            func() time.Time
	// pause waits before the primary is asked again, and is false where the
	// request has no time left.
	pause func(ctx context.Context) bool
}

// RepositoryOptions says what surrounds a repository.
type RepositoryOptions struct {
	// PrimaryMoves makes requests wait, within their deadline, for the next
	// primary; otherwise one that is away fails them at once.
	PrimaryMoves bool
	// BreakerChanged hears of the breakers; it may be nil.
	BreakerChanged func(name, state string)
	// Fallback hears of every read that the primary had to answer.
	Fallback func(reason string)
}

// NewMySQLRepository returns a repository over both pools.
func NewMySQLRepository(pools database.Pools, options RepositoryOptions) *MySQLRepository {
	primary := resilience.BreakerOptions{Name: PrimaryBreaker, IsFailure: isOutage, OnChange: options.BreakerChanged}
	if options.PrimaryMoves {
		primary.OpenDuration = failoverOpenDuration
	}
	return &MySQLRepository{
		pools:          pools,
		primaryMoves:   options.PrimaryMoves,
		primaryBreaker: resilience.NewBreaker(primary),
		replicaBreaker: resilience.NewBreaker(resilience.BreakerOptions{Name: ReplicaBreaker, IsFailure: isOutage, OnChange: options.BreakerChanged}),
		fallback:       options.Fallback,
		now:            database.Now,
		pause:          pauseForFailover,
	}
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

// List returns a part of all users and, where it is asked for, their number.
func (r *MySQLRepository) List(ctx context.Context, window Window) (Page, error) {
	var page Page
	err := r.read(ctx, func(ctx context.Context, pool *sql.DB) (err error) {
		page, err = list(ctx, pool, window)
		return err
	})
	return page, err
}

// Get returns one user. A user that the replica does not have, or only as he was
// before what the caller has seen, may be too new for it: the primary has the last word.
func (r *MySQLRepository) Get(ctx context.Context, id uint64, since time.Time) (Reading, error) {
	var user User
	query := func(ctx context.Context, pool *sql.DB) (err error) {
		user, err = get(ctx, pool, id)
		return err
	}
	err := r.read(ctx, query)
	if r.hasReplica() && (errors.Is(err, ErrNotFound) || err == nil && user.UpdatedAt.Before(since)) {
		reason := "too_old"
		if err != nil {
			reason = "not_found"
		}
		r.fallback(reason)
		err = r.onPrimary(ctx, repeatable, func(ctx context.Context) error { return query(ctx, r.pools.Primary) })
	}
	return Reading{User: user}, err
}

// Create makes a user, at most one for each idempotency key.
func (r *MySQLRepository) Create(ctx context.Context, input Input, idempotencyKey string) (User, bool, error) {
	var user User
	var created bool
	// With a key, a second run finds the user that the first one left.
	again := repetition(idempotencyKey != "")
	err := r.onPrimary(ctx, again, func(ctx context.Context) error {
		err := r.transaction(ctx, func(ctx context.Context, transaction *sql.Tx) (err error) {
			user, err = insert(ctx, transaction, input, idempotencyKey, r.now())
			return err
		})
		created = err == nil
		if errors.Is(err, errKeySeen) {
			user, err = original(ctx, r.pools.Primary, idempotencyKey, input)
		}
		return err
	})
	if err != nil {
		return User{}, false, err
	}
	return user, created, nil
}

func insert(ctx context.Context, transaction *sql.Tx, input Input, idempotencyKey string, now time.Time) (User, error) {
	if idempotencyKey != "" {
		if err := reserveKey(ctx, transaction, idempotencyKey, input, now); err != nil {
			return User{}, err
		}
	}
	result, err := transaction.ExecContext(ctx, "INSERT INTO users (name, email, created_at, updated_at) VALUES (?, ?, ?, ?)", input.Name, input.Email, now, now)
	if err != nil {
		return User{}, emailTaken(err)
	}
	id, err := result.LastInsertId()
	if err != nil {
		return User{}, err
	}
	if input.PasswordHash != "" {
		if _, err := transaction.ExecContext(ctx, "INSERT INTO passwords (user_id, hash) VALUES (?, ?)", id, input.PasswordHash); err != nil {
			return User{}, err
		}
	}
	if idempotencyKey != "" {
		err = completeKey(ctx, transaction, idempotencyKey, uint64(id))
	}
	return User{ID: uint64(id), Name: input.Name, Email: input.Email, CreatedAt: now, UpdatedAt: now}, err
}

// Update replaces what a caller may say about a user.
func (r *MySQLRepository) Update(ctx context.Context, id uint64, input Input) (User, error) {
	var user User
	err := r.Transaction(ctx, func(ctx context.Context, transaction *sql.Tx) error {
		// The time is the row's version, too: it grows even where clocks differ.
		result, err := transaction.ExecContext(ctx, "UPDATE users SET name = ?, email = ?, updated_at = GREATEST(CAST(? AS DATETIME(6)), updated_at + INTERVAL 1 MICROSECOND) WHERE id = ?", input.Name, input.Email, r.now(), id)
		if err != nil {
			return emailTaken(err)
		}
		if err := foundOne(result); err != nil {
			return err
		}
		user, err = get(ctx, transaction, id)
		return err
	})
	return user, err
}

// Delete forgets a user.
func (r *MySQLRepository) Delete(ctx context.Context, id uint64) error {
	found := false
	return r.onPrimary(ctx, repeatable, func(ctx context.Context) error {
		err := r.transaction(ctx, func(ctx context.Context, transaction *sql.Tx) error {
			result, err := transaction.ExecContext(ctx, "DELETE FROM users WHERE id = ?", id)
			if err != nil {
				return err
			}
			return foundOne(result)
		})
		// The user was there before: it was this request whose commit did arrive.
		if found && errors.Is(err, ErrNotFound) {
			return nil
		}
		found = found || errors.Is(err, errUncertain)
		return err
	})
}

func (r *MySQLRepository) hasReplica() bool {
	return r.pools.Replica != r.pools.Primary
}

// read asks the replica, and the primary where the replica cannot answer.
func (r *MySQLRepository) read(ctx context.Context, query func(context.Context, *sql.DB) error) error {
	if r.hasReplica() {
		err := r.replicaBreaker.Do(ctx, func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, replicaDeadline)
			defer cancel()
			return query(ctx, r.pools.Replica)
		})
		if err == nil || errors.Is(err, ErrNotFound) || ctx.Err() != nil {
			return translate(err)
		}
		r.fallback("replica_unavailable")
	}
	return r.onPrimary(ctx, repeatable, func(ctx context.Context) error { return query(ctx, r.pools.Primary) })
}

// repetition says what may be done once more although it may have been done.
type repetition bool

const (
	repeatable repetition = true
	onlyOnce   repetition = false
)

// onPrimary runs the operation on the primary. While a failover is underway it
// tries again until the request's deadline: an answer that comes seconds late is
// worth more than an error, and an error of every replica would make the ingress
// take them all for dead, for reads too. An operation whose commit may have
// arrived is run again only where that is harmless. Where the primary cannot move,
// only a connection that was never made is tried again, a few times; and where of
// all members none says anything, there is nothing to wait for.
func (r *MySQLRepository) onPrimary(ctx context.Context, again repetition, operation func(context.Context) error) error {
	for attempt := 1; ; attempt++ {
		err := translate(r.primaryBreaker.Do(ctx, operation))
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
	return r.onPrimary(ctx, repeatable, func(ctx context.Context) error { return r.transaction(ctx, work) })
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

type querier interface {
	QueryRowContext(ctx context.Context, query string, arguments ...any) *sql.Row
}

func get(ctx context.Context, source querier, id uint64) (User, error) {
	var user User
	err := source.QueryRowContext(ctx, "SELECT "+columns+" FROM users WHERE id = ?", id).
		Scan(&user.ID, &user.Name, &user.Email, &user.CreatedAt, &user.UpdatedAt)
	if errors.Is(err, sql.ErrNoRows) {
		return User{}, ErrNotFound
	}
	return user, err
}

func list(ctx context.Context, pool *sql.DB, window Window) (Page, error) {
	var page Page
	if window.Counted {
		if err := pool.QueryRowContext(ctx, "SELECT COUNT(*) FROM (SELECT 1 FROM users LIMIT ?) AS counted", CountLimit).Scan(&page.Total); err != nil {
			return Page{}, err
		}
	}
	// One more than is wanted tells whether there are others behind.
	rows, err := pool.QueryContext(ctx, "SELECT "+columns+" FROM users WHERE id > ? ORDER BY id LIMIT ? OFFSET ?", window.After, window.Limit+1, window.Offset)
	if err != nil {
		return Page{}, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var user User
		if err := rows.Scan(&user.ID, &user.Name, &user.Email, &user.CreatedAt, &user.UpdatedAt); err != nil {
			return Page{}, err
		}
		page.Users = append(page.Users, user)
	}
	if len(page.Users) > window.Limit {
		page.Users, page.More = page.Users[:window.Limit], true
	}
	return page, rows.Err()
}

func foundOne(result sql.Result) error {
	affected, err := result.RowsAffected()
	if err == nil && affected == 0 {
		return ErrNotFound
	}
	return err
}

func emailTaken(err error) error {
	if database.IsDuplicate(err) {
		return ErrEmailTaken
	}
	return err
}

// isAnswer tells a considered "no" from trouble.
func isAnswer(err error) bool {
	for _, considered := range []error{ErrNotFound, ErrEmailTaken, ErrKeyReused, ErrOriginalGone, errKeySeen} {
		if errors.Is(err, considered) {
			return true
		}
	}
	return false
}

func isOutage(err error) bool { return !isAnswer(err) && database.IsUnavailable(err) }

func translate(err error) error {
	if err == nil || isAnswer(err) {
		return err
	}
	for _, passing := range []error{resilience.ErrOpen, resilience.ErrNoTimeLeft, errKeyVanished} {
		if errors.Is(err, passing) {
			return fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
	}
	if database.IsUnavailable(err) || database.IsSafeToRepeat(err) {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}
