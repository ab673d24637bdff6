package login

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"time"
)

var (
	errNoSession = errors.New("there is no such session")
	errReused    = errors.New("a refresh token was used twice")
)

// Primary runs what reads and writes on the database that users are written to.
type Primary interface {
	// Query asks it, outside of a transaction.
	Query(ctx context.Context, query func(context.Context, *sql.DB) error) error
	// Transaction runs the work in a transaction, perhaps once more after one of which nobody knows whether it was
	// committed.
	Transaction(ctx context.Context, work func(context.Context, *sql.Tx) error) error
	// Forget deletes rows that are older, in small parts, by a statement that takes the time and how many.
	Forget(ctx context.Context, statement string, before time.Time) (int64, error)
}

// account is what a login needs to know of a user; zero is nobody's.
type account struct {
	id   uint64
	hash string
}

// key is by what tries to log in are counted: the account where there is one, as an address can be written in more than
// one way, and the address where not, so that the limit does not tell who is known.
func (a account) key(email string) string {
	if a.id != 0 {
		return strconv.FormatUint(a.id, 10)
	}
	hash := sha256.Sum256([]byte(strings.ToLower(email)))
	return string(hash[:])
}

// sessions keeps them in MySQL. A session is one row from a login to its end, and has the hash of the one refresh
// token that is good: whatever else names the session was used before, or was never given out.
type sessions struct {
	primary  Primary
	lifetime time.Duration
	now      func() time.Time
}

// account returns that of an e-mail address; nobody's without a password.
func (s *sessions) account(ctx context.Context, email string) (account, error) {
	var found account
	err := s.primary.Query(ctx, func(ctx context.Context, pool *sql.DB) error {
		err := pool.QueryRowContext(ctx, "SELECT users.id, passwords.hash FROM users JOIN passwords ON passwords.user_id = users.id WHERE users.email = ?", email).
			Scan(&found.id, &found.hash)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	return found, err
}

// begin makes the session of a token. Done twice, it leaves one session.
func (s *sessions) begin(ctx context.Context, user uint64, token refreshToken) error {
	return s.primary.Transaction(ctx, func(ctx context.Context, transaction *sql.Tx) error {
		_, err := transaction.ExecContext(ctx, "INSERT INTO sessions (id, user_id, token_hash, expires_at) VALUES (?, ?, ?, ?) ON DUPLICATE KEY UPDATE token_hash = token_hash",
			token.id[:], user, token.hash(), s.now().Add(s.lifetime))
		return err
	})
}

// renew lets the next token of a session take the place of the one that was presented, and returns whose session it
// is. One that was used before ends the session: somebody else has, or had, a copy.
func (s *sessions) renew(ctx context.Context, presented, next refreshToken) (user uint64, err error) {
	twice := false
	err = s.primary.Transaction(ctx, func(ctx context.Context, transaction *sql.Tx) error {
		var current []byte
		err := transaction.QueryRowContext(ctx, "SELECT user_id, token_hash FROM sessions WHERE id = ? AND expires_at > ? FOR UPDATE", presented.id[:], s.now()).
			Scan(&user, &current)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return errNoSession
		case err != nil:
			return err
		case next.is(current):
			// The transaction before this one was committed, although nobody said so.
			return nil
		}
		if twice = !presented.is(current); twice {
			_, err = transaction.ExecContext(ctx, deleteSession, presented.id[:])
			return err
		}
		_, err = transaction.ExecContext(ctx, "UPDATE sessions SET token_hash = ? WHERE id = ?", next.hash(), presented.id[:])
		return err
	})
	if err == nil && twice {
		err = errReused
	}
	return user, err
}

const deleteSession = "DELETE FROM sessions WHERE id = ?"

// end ends a session, whichever of its tokens is presented.
func (s *sessions) end(ctx context.Context, presented refreshToken) error {
	return s.primary.Transaction(ctx, func(ctx context.Context, transaction *sql.Tx) error {
		_, err := transaction.ExecContext(ctx, deleteSession, presented.id[:])
		return err
	})
}

func (s *sessions) forget(ctx context.Context) (int64, error) {
	return s.primary.Forget(ctx, "DELETE FROM sessions WHERE expires_at < ? ORDER BY expires_at LIMIT ?", s.now())
}
