package users

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"gostack.dev/users/internal/database"
	"gostack.dev/users/internal/resilience"
)

const (
	columns = "id, name, email, created_at, updated_at"
	// A replica that hangs must leave time to ask the primary within the same request.
	replicaDeadline     = 1500 * time.Millisecond
	transactionAttempts = 3
)

// The names under which the circuit breakers appear in logs and metrics.
const (
	PrimaryBreaker = "mysql_primary"
	ReplicaBreaker = "mysql_replica"
)

// MySQLRepository keeps users in MySQL: it reads from the replica of the region
// and writes to the primary.
type MySQLRepository struct {
	pools          database.Pools
	primaryBreaker *resilience.Breaker
	replicaBreaker *resilience.Breaker
	fallback       func(reason string)
	now            func() time.Time
}

// NewMySQLRepository returns a repository over both pools. breakerChanged hears
// of the breakers, fallback of every read that the primary had to answer.
func NewMySQLRepository(pools database.Pools, breakerChanged func(name, state string), fallback func(reason string)) *MySQLRepository {
	return &MySQLRepository{
		pools:          pools,
		primaryBreaker: resilience.NewBreaker(resilience.BreakerOptions{Name: PrimaryBreaker, IsFailure: isOutage, OnChange: breakerChanged}),
		replicaBreaker: resilience.NewBreaker(resilience.BreakerOptions{Name: ReplicaBreaker, IsFailure: isOutage, OnChange: breakerChanged}),
		fallback:       fallback,
		// MySQL keeps microseconds: what is returned now must equal what is read later.
		now: func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) },
	}
}

// List returns a part of all users and their number.
func (repository *MySQLRepository) List(ctx context.Context, offset, limit int) (Page, error) {
	var page Page
	err := repository.read(ctx, func(ctx context.Context, pool *sql.DB) (err error) {
		page, err = list(ctx, pool, offset, limit)
		return err
	})
	return page, err
}

// Get returns one user. A user that the replica does not have may be too new
// for it, so the primary has the last word.
func (repository *MySQLRepository) Get(ctx context.Context, id uint64) (User, error) {
	var user User
	query := func(ctx context.Context, pool *sql.DB) (err error) {
		user, err = get(ctx, pool, id)
		return err
	}
	err := repository.read(ctx, query)
	if errors.Is(err, ErrNotFound) && repository.hasReplica() {
		repository.fallback("not_found")
		err = repository.onPrimary(ctx, func(ctx context.Context) error { return query(ctx, repository.pools.Primary) })
	}
	return user, err
}

// Create makes a user, at most one for each idempotency key.
func (repository *MySQLRepository) Create(ctx context.Context, input Input, idempotencyKey string) (User, bool, error) {
	var user User
	created := true
	err := repository.transaction(ctx, func(ctx context.Context, transaction *sql.Tx) error {
		now := repository.now()
		if idempotencyKey != "" {
			if err := reserveKey(ctx, transaction, idempotencyKey, input, now); err != nil {
				return err
			}
		}
		result, err := transaction.ExecContext(ctx, "INSERT INTO users (name, email, created_at, updated_at) VALUES (?, ?, ?, ?)", input.Name, input.Email, now, now)
		if err != nil {
			return emailTaken(err)
		}
		id, err := result.LastInsertId()
		if err != nil {
			return err
		}
		user = User{ID: uint64(id), Name: input.Name, Email: input.Email, CreatedAt: now, UpdatedAt: now}
		if idempotencyKey != "" {
			return completeKey(ctx, transaction, idempotencyKey, user.ID)
		}
		return nil
	})
	if errors.Is(err, errKeySeen) {
		created = false
		err = repository.onPrimary(ctx, func(ctx context.Context) (err error) {
			user, err = original(ctx, repository.pools.Primary, idempotencyKey, input)
			return err
		})
	}
	if err != nil {
		return User{}, false, err
	}
	return user, created, nil
}

// Update replaces what a caller may say about a user.
func (repository *MySQLRepository) Update(ctx context.Context, id uint64, input Input) (User, error) {
	var user User
	err := repository.transaction(ctx, func(ctx context.Context, transaction *sql.Tx) error {
		result, err := transaction.ExecContext(ctx, "UPDATE users SET name = ?, email = ?, updated_at = ? WHERE id = ?", input.Name, input.Email, repository.now(), id)
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
func (repository *MySQLRepository) Delete(ctx context.Context, id uint64) error {
	return repository.transaction(ctx, func(ctx context.Context, transaction *sql.Tx) error {
		result, err := transaction.ExecContext(ctx, "DELETE FROM users WHERE id = ?", id)
		if err != nil {
			return err
		}
		return foundOne(result)
	})
}

func (repository *MySQLRepository) hasReplica() bool {
	return repository.pools.Replica != repository.pools.Primary
}

// read asks the replica, and the primary where the replica cannot answer.
func (repository *MySQLRepository) read(ctx context.Context, query func(context.Context, *sql.DB) error) error {
	if repository.hasReplica() {
		err := repository.replicaBreaker.Do(ctx, func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, replicaDeadline)
			defer cancel()
			return query(ctx, repository.pools.Replica)
		})
		if err == nil || errors.Is(err, ErrNotFound) || ctx.Err() != nil {
			return translate(err)
		}
		repository.fallback("replica_unavailable")
	}
	return repository.onPrimary(ctx, func(ctx context.Context) error { return query(ctx, repository.pools.Primary) })
}

func (repository *MySQLRepository) onPrimary(ctx context.Context, operation func(context.Context) error) error {
	return translate(repository.primaryBreaker.Do(ctx, operation))
}

// transaction runs the work on the primary, again where nothing can be left of
// the first attempt: a deadlock, or a pooled connection to a server that is no
// longer the primary.
func (repository *MySQLRepository) transaction(ctx context.Context, work func(context.Context, *sql.Tx) error) error {
	return repository.onPrimary(ctx, func(ctx context.Context) error {
		var err error
		for range transactionAttempts {
			err = inTransaction(ctx, repository.pools.Primary, work)
			if !database.IsSafeToRepeat(err) || ctx.Err() != nil {
				return err
			}
		}
		return err
	})
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
	return transaction.Commit()
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

func list(ctx context.Context, pool *sql.DB, offset, limit int) (Page, error) {
	var page Page
	if err := pool.QueryRowContext(ctx, "SELECT COUNT(*) FROM users").Scan(&page.Total); err != nil {
		return Page{}, err
	}
	rows, err := pool.QueryContext(ctx, "SELECT "+columns+" FROM users ORDER BY id LIMIT ? OFFSET ?", limit, offset)
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
	for _, answer := range []error{ErrNotFound, ErrEmailTaken, ErrKeyReused, ErrOriginalGone, errKeySeen} {
		if errors.Is(err, answer) {
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
	if errors.Is(err, resilience.ErrOpen) || database.IsUnavailable(err) || database.IsSafeToRepeat(err) {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}
