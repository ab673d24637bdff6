package users

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"gostack.dev/users/internal/cache"
	"gostack.dev/users/internal/configuration"
	"gostack.dev/users/internal/observability"
)

func newCachedMemory(t *testing.T) (*memory, *Cached) {
	t.Helper()
	repository := newMemory()
	cached, _, err := NewCached(repository, cache.Options[User]{
		TTL: time.Minute, Unheard: time.Minute, MaximumStale: time.Hour, Patience: time.Second, LoadTimeout: time.Second, LocalBytes: 1 << 20,
		Observer: observability.NewMetrics(configuration.Identity{}).Cache, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return repository, cached
}

func read(t *testing.T, repository Repository, id uint64) (Reading, error) {
	t.Helper()
	return repository.Get(t.Context(), id, time.Time{})
}

func TestWhatWasWrittenIsReadWithoutTheDatabase(t *testing.T) {
	repository, cached := newCachedMemory(t)
	user, _, err := cached.Create(t.Context(), someInput, "")
	if err != nil {
		t.Fatal(err)
	}
	repository.err = ErrUnavailable
	if reading, err := read(t, cached, user.ID); err != nil || reading.User != user || reading.Degraded {
		t.Errorf("%+v, %v", reading, err)
	}
	repository.err = nil
	if err := cached.Delete(t.Context(), user.ID); err != nil {
		t.Fatal(err)
	}
	repository.err = ErrUnavailable
	if _, err := read(t, cached, user.ID); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}

func TestAWriteThatFailsTellsNobody(t *testing.T) {
	repository, cached := newCachedMemory(t)
	user, _, _ := cached.Create(t.Context(), someInput, "")
	repository.err = ErrUnavailable
	if _, err := cached.Update(t.Context(), user.ID, Input{Name: "Grace", Email: "grace@example.com"}); !errors.Is(err, ErrUnavailable) {
		t.Fatal(err)
	}
	if err := cached.Delete(t.Context(), user.ID); !errors.Is(err, ErrUnavailable) {
		t.Fatal(err)
	}
	if reading, err := read(t, cached, user.ID); err != nil || reading.User != user {
		t.Errorf("%+v, %v", reading, err)
	}
}

func TestAnUnknownUserIsNotFoundAndFoundOnceHeIsMade(t *testing.T) {
	_, cached := newCachedMemory(t)
	if _, err := read(t, cached, 1); !errors.Is(err, ErrNotFound) {
		t.Fatal(err)
	}
	user, _, err := cached.Create(context.Background(), someInput, "")
	if err != nil {
		t.Fatal(err)
	}
	if reading, err := read(t, cached, user.ID); err != nil || reading.User != user {
		t.Errorf("%+v, %v", reading, err)
	}
}
