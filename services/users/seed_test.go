package main

import (
	"context"
	"errors"
	"testing"

	"gostack.dev/users/internal/users"
)

// kept refuses an address that it has, as the database does.
type kept struct {
	addresses map[string]bool
	full      int
}

var errFull = errors.New("full")

func (k *kept) Create(_ context.Context, input users.Input, _ string) (users.User, bool, error) {
	if problems := input.Validate(); len(problems) > 0 {
		return users.User{}, false, errors.New("not a user")
	}
	if k.addresses[input.Email] {
		return users.User{}, false, users.ErrEmailTaken
	}
	if len(k.addresses) == k.full {
		return users.User{}, false, errFull
	}
	k.addresses[input.Email] = true
	return users.User{}, true, nil
}

func TestSeedingAgainCreatesWhatIsMissing(t *testing.T) {
	repository := &kept{addresses: map[string]bool{"user-03@example.com": true}, full: exampleUsers}
	if created, err := createExamples(t.Context(), repository); created != exampleUsers-1 || err != nil {
		t.Errorf("%d created, %v", created, err)
	}
	if created, err := createExamples(t.Context(), repository); created != 0 || err != nil {
		t.Errorf("again: %d created, %v", created, err)
	}
}

func TestSeedingEndsWithTheFirstFailure(t *testing.T) {
	repository := &kept{addresses: map[string]bool{}, full: 5}
	if created, err := createExamples(t.Context(), repository); created != 5 || !errors.Is(err, errFull) {
		t.Errorf("%d created, %v", created, err)
	}
}
