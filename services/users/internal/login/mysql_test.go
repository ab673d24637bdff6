package login

import (
	"errors"
	"log/slog"
	"os"
	"testing"
	"time"

	"gostack.dev/users/internal/configuration"
	"gostack.dev/users/internal/database"
	"gostack.dev/users/internal/users"
)

func TestRealMySQLKeepsTheSessionsPromises(t *testing.T) {
	address := os.Getenv("MYSQL_TEST_ADDRESS")
	if address == "" {
		t.Skip("MYSQL_TEST_ADDRESS is not set: it names a throw-away MySQL server with an account test, password test, that may do everything")
	}
	logger := slog.New(slog.DiscardHandler)
	settings := configuration.Database{
		PrimaryAddress: address, ReplicaAddress: address, User: "test", Password: "test", Name: "mysql",
		DialTimeout: time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: time.Second,
		MigrationTimeout: 30 * time.Second, StatementTimeout: time.Minute, MaximumOpenConnections: 5, MaximumIdleConnections: 5,
	}
	open := func() database.Pools {
		pools, err := database.Open(settings, configuration.Consul{}, logger, func() {})
		must(t, err)
		t.Cleanup(func() { _ = pools.Close() })
		return pools
	}
	admin := open()
	for _, statement := range []string{"DROP DATABASE IF EXISTS users_logins", "CREATE DATABASE users_logins"} {
		_, err := admin.Primary.ExecContext(t.Context(), statement)
		must(t, err)
	}
	settings.Name = "users_logins"
	_, err := database.Migrate(t.Context(), settings, logger)
	must(t, err)
	repository := users.NewMySQLRepository(open(), users.RepositoryOptions{Fallback: func(string) {}})
	now := instant
	kept := sessions{repository, time.Hour, func() time.Time { return now }}

	ada, _, err := repository.Create(t.Context(), users.Input{Name: "Ada", Email: "ada@example.com", PasswordHash: "$argon2id$"}, "")
	must(t, err)
	_, _, err = repository.Create(t.Context(), users.Input{Name: "Eve", Email: "eve@example.com"}, "")
	must(t, err)
	for email, expected := range map[string]account{"ADA@example.com": {ada.ID, "$argon2id$"}, "eve@example.com": {}, "x": {}} {
		if found, err := kept.account(t.Context(), email); err != nil || found != expected {
			t.Errorf("%s: %+v, %v", email, found, err)
		}
	}

	begin := func() refreshToken {
		token := newRefreshToken()
		for range 2 {
			must(t, kept.begin(t.Context(), ada.ID, token))
		}
		return token
	}
	renew := func(token refreshToken) (refreshToken, error) {
		next := token.next()
		user, err := kept.renew(t.Context(), token, next)
		if err == nil && user != ada.ID {
			t.Errorf("it is the session of %d", user)
		}
		return next, err
	}
	first := begin()
	second, err := renew(first)
	must(t, err)
	third, err := renew(second)
	must(t, err)
	for _, test := range []struct {
		token    refreshToken
		expected error
	}{{first, errReused}, {third, errNoSession}} {
		if _, err := renew(test.token); !errors.Is(err, test.expected) {
			t.Errorf("%v instead of %v", err, test.expected)
		}
	}

	// Of many who have the same token at once, one goes on at most, and what he got is worth nothing once another came.
	shared := begin()
	results := make(chan error)
	for range 4 {
		go func() {
			_, err := renew(shared)
			results <- err
		}()
	}
	renewals := 0
	for range 4 {
		if err := <-results; err == nil {
			renewals++
		} else if !errors.Is(err, errReused) && !errors.Is(err, errNoSession) {
			t.Error(err)
		}
	}
	if renewals != 1 {
		t.Errorf("%d went on", renewals)
	}
	if _, err := renew(shared); !errors.Is(err, errNoSession) {
		t.Error(err)
	}

	ended := begin()
	must(t, kept.end(t.Context(), ended))
	if _, err := renew(ended); !errors.Is(err, errNoSession) {
		t.Error(err)
	}

	// Over time, and with their user.
	old := begin()
	now = now.Add(time.Hour + time.Second)
	if _, err := renew(old); !errors.Is(err, errNoSession) {
		t.Error(err)
	}
	fresh := begin()
	if forgotten, err := kept.forget(t.Context()); err != nil || forgotten != 1 {
		t.Errorf("%d, %v", forgotten, err)
	}
	must(t, repository.Delete(t.Context(), ada.ID))
	if _, err := renew(fresh); !errors.Is(err, errNoSession) {
		t.Error(err)
	}
	if found, err := kept.account(t.Context(), "ada@example.com"); err != nil || found != (account{}) {
		t.Errorf("%+v, %v", found, err)
	}
}
