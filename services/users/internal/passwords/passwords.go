// Package passwords keeps what proves that somebody knows a password, and not the password (argon2id, RFC 9106).
package passwords

import (
	"context"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	"golang.org/x/sync/semaphore"
)

// What OWASP asks for at least. A hash tells its own cost: a higher one here is that of new hashes.
var cost = &argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

const (
	// atOnce bounds the memory: each takes 19 MiB.
	atOnce          = 2
	shortest        = 12
	longest         = 128
	nobodysPassword = "nobody has this password"
)

// ErrBusy says that too many others were before this one.
var ErrBusy = errors.New("too many passwords are checked at the moment")

// Hasher makes and compares hashes, a few at once.
type Hasher struct {
	turn    *semaphore.Weighted
	nobodys string
}

// NewHasher returns a hasher.
func NewHasher() (*Hasher, error) {
	nobodys, err := argon2id.CreateHash(nobodysPassword, cost)
	return &Hasher{semaphore.NewWeighted(atOnce), nobodys}, err
}

// Problem says why a password will not do; empty for one that will.
func Problem(password string) string {
	if length := utf8.RuneCountInString(password); length < shortest || length > longest {
		return fmt.Sprintf("must have %d to %d characters", shortest, longest)
	}
	return ""
}

// Hash returns what is kept of a password.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	var hash string
	err := h.inTurn(ctx, func() (err error) {
		hash, err = argon2id.CreateHash(password, cost)
		return err
	})
	return hash, err
}

// Matches tells whether a hash is that of a password. An empty one is nobody's, and takes as long: how long an answer
// takes must not tell who is known.
func (h *Hasher) Matches(ctx context.Context, password, hash string) (bool, error) {
	known := hash != ""
	if !known {
		hash = h.nobodys
	}
	var matches bool
	err := h.inTurn(ctx, func() (err error) {
		matches, err = argon2id.ComparePasswordAndHash(password, hash)
		return err
	})
	return matches && known, err
}

func (h *Hasher) inTurn(ctx context.Context, work func() error) error {
	if err := h.turn.Acquire(ctx, 1); err != nil {
		return fmt.Errorf("%w: %w", ErrBusy, err)
	}
	defer h.turn.Release(1)
	return work()
}
