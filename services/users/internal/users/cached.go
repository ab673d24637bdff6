package users

import (
	"context"
	"errors"
	"time"

	"gostack.dev/users/internal/cache"
)

// Cached puts a cache before a repository: it answers for single users, and tells
// all replicas of what it writes. Lists are the repository's.
type Cached struct {
	Repository
	cache *cache.Cache[User]
}

// NewCached returns a repository with a cache, which the caller runs; what else
// the options need to know of users is filled in here.
func NewCached(repository Repository, options cache.Options[User]) (*Cached, *cache.Cache[User], error) {
	options.Name = "users"
	options.Size = func(user User) int { return len(user.Name) + len(user.Email) }
	options.IsOutage = func(err error) bool { return errors.Is(err, ErrUnavailable) }
	options.Load = func(ctx context.Context, id uint64, since int64) (cache.Entry[User], error) {
		reading, err := repository.Get(ctx, id, time.UnixMicro(since))
		if errors.Is(err, ErrNotFound) {
			return cache.Entry[User]{Version: cache.Unmade}, nil
		}
		return entryOf(reading.User), err
	}
	levels, err := cache.New(options)
	return &Cached{repository, levels}, levels, err
}

// Get returns a user from whichever level knows him.
func (c *Cached) Get(ctx context.Context, id uint64, since time.Time) (Reading, error) {
	var version int64
	if !since.IsZero() {
		version = since.UnixMicro()
	}
	entry, degraded, err := c.cache.Get(ctx, id, version)
	if err == nil && !entry.Exists() {
		err = ErrNotFound
	}
	return Reading{User: entry.Value, Degraded: degraded, Age: time.Since(entry.Confirmed)}, err
}

// Create makes a user.
func (c *Cached) Create(ctx context.Context, input Input, idempotencyKey string) (User, bool, error) {
	user, created, err := c.Repository.Create(ctx, input, idempotencyKey)
	if err == nil {
		c.cache.Changed(ctx, user.ID, entryOf(user))
	}
	return user, created, err
}

// Update replaces what a caller may say about a user.
func (c *Cached) Update(ctx context.Context, id uint64, input Input) (User, error) {
	user, err := c.Repository.Update(ctx, id, input)
	if err == nil {
		c.cache.Changed(ctx, id, entryOf(user))
	}
	return user, err
}

// Delete forgets a user.
func (c *Cached) Delete(ctx context.Context, id uint64) error {
	err := c.Repository.Delete(ctx, id)
	if err == nil {
		c.cache.Changed(ctx, id, cache.Entry[User]{Version: cache.Gone, Confirmed: time.Now()})
	}
	return err
}

// entryOf takes the time of a user's last change, which grows with each, for the version.
func entryOf(user User) cache.Entry[User] {
	return cache.Entry[User]{Value: user, Version: user.UpdatedAt.UnixMicro(), Confirmed: time.Now()}
}
