package users

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"gostack.dev/users/internal/database"
	"gostack.dev/users/internal/resilience"
)

const (
	columns = "id, name, email, created_at, updated_at"
	// A replica that hangs must leave time to ask the primary within the same request.
	replicaDeadline = 1500 * time.Millisecond
	// Reads come to the primary when the replica has failed them, many in one moment: what
	// holds both up for a second is no outage, and there is nobody else to ask. The breaker
	// of writes has no patience: who waited for a turn has no time left when a commit that
	// hangs fails, which is not counted, so the first moment may be all that it hears of.
	lastResortPatience = time.Second
)

// The names under which the circuit breakers appear in logs and metrics.
const (
	// PrimaryBreaker is open while the primary is not read from.
	PrimaryBreaker = "mysql_primary"
	ReplicaBreaker = "mysql_replica"
	// WriteBreaker is open while nothing is written.
	WriteBreaker = "mysql_writes"
)

// MySQLRepository keeps users in MySQL: it reads from the replica of the region
// and writes to the primary.
type MySQLRepository struct {
	pools        database.Pools
	primaryMoves bool
	// allAway remembers, while a breaker of the primary is open, that no member answers.
	allAway        atomic.Bool
	primaryBreaker *resilience.Breaker
	replicaBreaker *resilience.Breaker
	writeBreaker   *resilience.Breaker
	// writes leaves connections to the primary to reads, however long commits take.
	writes   *resilience.Bulkhead
	fallback func(reason string)
	now      func() time.Time
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
	breaker := func(name string, openDuration, patience time.Duration) *resilience.Breaker {
		return resilience.NewBreaker(resilience.BreakerOptions{
			Name: name, IsFailure: isOutage, OnChange: options.BreakerChanged, OpenDuration: openDuration, Patience: patience,
		})
	}
	var primaryOpen time.Duration
	if options.PrimaryMoves {
		primaryOpen = failoverOpenDuration
	}
	return &MySQLRepository{
		pools:          pools,
		primaryMoves:   options.PrimaryMoves,
		primaryBreaker: breaker(PrimaryBreaker, primaryOpen, lastResortPatience),
		replicaBreaker: breaker(ReplicaBreaker, 0, 0),
		writeBreaker:   breaker(WriteBreaker, primaryOpen, 0),
		writes:         resilience.NewBulkhead(writeSlots(pools.Primary)),
		fallback:       options.Fallback,
		now:            database.Now,
		pause:          pauseForFailover,
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
		err = r.Query(ctx, query)
	}
	return Reading{User: user}, err
}

// Create makes a user, at most one for each idempotency key.
func (r *MySQLRepository) Create(ctx context.Context, input Input, idempotencyKey string) (User, bool, error) {
	var user User
	var created bool
	// With a key, a second run finds the user that the first one left.
	again := repetition(idempotencyKey != "")
	err := r.write(ctx, again, func(ctx context.Context) error {
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
	return r.write(ctx, repeatable, func(ctx context.Context) error {
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
	return r.Query(ctx, query)
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
	for _, passing := range []error{resilience.ErrOpen, resilience.ErrNoTimeLeft, resilience.ErrFull, errKeyVanished} {
		if errors.Is(err, passing) {
			return fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
	}
	if database.IsUnavailable(err) || database.IsSafeToRepeat(err) {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}
