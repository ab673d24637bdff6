package passwords

import (
	"context"
	"errors"
	"strings"
	"testing"
)

const password = "correct horse battery"

func newHasher(t *testing.T) *Hasher {
	t.Helper()
	hasher, err := NewHasher()
	if err != nil {
		t.Fatal(err)
	}
	return hasher
}

func TestOnlyItsPasswordMatchesAHash(t *testing.T) {
	hasher := newHasher(t)
	first, err := hasher.Hash(t.Context(), password)
	second, other := hasher.Hash(t.Context(), password)
	if err != nil || other != nil || first == second || !strings.HasPrefix(first, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatalf("%s, %s, %v, %v", first, second, err, other)
	}
	for given, expected := range map[string]bool{password: true, password + " ": false, "": false} {
		if matches, err := hasher.Matches(t.Context(), given, first); err != nil || matches != expected {
			t.Errorf("%q: %v, %v", given, matches, err)
		}
	}
}

func TestNobodyHasThePasswordOfNobody(t *testing.T) {
	hasher := newHasher(t)
	for _, given := range []string{nobodysPassword, ""} {
		if matches, err := hasher.Matches(t.Context(), given, ""); err != nil || matches {
			t.Errorf("%q: %v, %v", given, matches, err)
		}
	}
}

func TestAHashThatIsNoneIsAnError(t *testing.T) {
	if _, err := newHasher(t).Matches(t.Context(), password, "plain"); err == nil {
		t.Error("it was compared")
	}
}

func TestWhoeverHasNoTimeToWaitForOthersIsToldSo(t *testing.T) {
	hasher := newHasher(t)
	if err := hasher.turn.Acquire(t.Context(), atOnce); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := hasher.Hash(ctx, password); !errors.Is(err, ErrBusy) {
		t.Error(err)
	}
	hasher.turn.Release(atOnce)
	if _, err := hasher.Hash(t.Context(), password); err != nil {
		t.Error(err)
	}
}

func TestAPasswordIsNeitherShortNorEndless(t *testing.T) {
	for given, good := range map[string]bool{
		strings.Repeat("é", shortest): true, strings.Repeat("é", shortest-1): false,
		strings.Repeat("é", longest): true, strings.Repeat("é", longest+1): false,
	} {
		if problem := Problem(given); (problem == "") != good {
			t.Errorf("%d characters: %q", len([]rune(given)), problem)
		}
	}
}
