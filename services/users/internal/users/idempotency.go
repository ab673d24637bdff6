package users

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"gostack.dev/users/internal/database"
)

const forgottenAtOnce = 1000

var (
	// errKeySeen leaves the transaction of a repeated request; it never reaches a handler.
	errKeySeen = errors.New("the idempotency key is known")
	// errKeyVanished says that a key which was there a moment ago is not: it was
	// too old and forgotten, or another member was asked. Both are over at the next attempt.
	errKeyVanished = errors.New("the idempotency key is known no longer")
)

// reserveKey comes before the user is inserted: a second request with the same
// key then waits here for the first, instead of failing over its own e-mail.
func reserveKey(ctx context.Context, transaction *sql.Tx, key string, input Input, now time.Time) error {
	_, err := transaction.ExecContext(ctx, "INSERT INTO idempotency_keys (idempotency_key, request_hash, user_id, created_at) VALUES (?, ?, 0, ?)", key, fingerprint(input), now)
	if database.IsDuplicate(err) {
		return errKeySeen
	}
	return err
}

func completeKey(ctx context.Context, transaction *sql.Tx, key string, id uint64) error {
	_, err := transaction.ExecContext(ctx, "UPDATE idempotency_keys SET user_id = ? WHERE idempotency_key = ?", id, key)
	return err
}

// original finds the user of an earlier request. It asks the primary, because
// the replica may not have heard of either yet.
func original(ctx context.Context, primary *sql.DB, key string, input Input) (User, error) {
	var hash []byte
	var id uint64
	if err := primary.QueryRowContext(ctx, "SELECT request_hash, user_id FROM idempotency_keys WHERE idempotency_key = ?", key).Scan(&hash, &id); err != nil {
		if errors.Is(err, sql.ErrNoRows) {
			return User{}, errKeyVanished
		}
		return User{}, err
	}
	if subtle.ConstantTimeCompare(hash, fingerprint(input)) != 1 {
		return User{}, ErrKeyReused
	}
	user, err := get(ctx, primary, id)
	if errors.Is(err, ErrNotFound) {
		return User{}, ErrOriginalGone
	}
	return user, err
}

// fingerprint compares what was meant, not how it was spaced.
func fingerprint(input Input) []byte {
	text, _ := json.Marshal(input)
	hash := sha256.Sum256(text)
	return hash[:]
}

// ForgetKeys removes idempotency keys older than the given age.
func (r *MySQLRepository) ForgetKeys(ctx context.Context, age time.Duration) (int64, error) {
	return r.Forget(ctx, "DELETE FROM idempotency_keys WHERE created_at < ? ORDER BY created_at LIMIT ?", r.now().Add(-age))
}

// Forget removes what is older by a statement that takes the time and how many, a
// bounded number at a time so that it never holds many locks.
func (r *MySQLRepository) Forget(ctx context.Context, statement string, before time.Time) (int64, error) {
	var total int64
	for {
		var forgotten int64
		err := r.write(ctx, repeatable, func(ctx context.Context) error {
			result, err := r.pools.Primary.ExecContext(ctx, statement, before, forgottenAtOnce)
			if err != nil {
				return err
			}
			forgotten, err = result.RowsAffected()
			return err
		})
		total += forgotten
		if err != nil || forgotten < forgottenAtOnce {
			return total, err
		}
	}
}
