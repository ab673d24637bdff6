package users

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"gostack.dev/users/internal/configuration"
	"gostack.dev/users/internal/database"
)

func TestRealMySQLKeepsTheRepositorysPromises(t *testing.T) {
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
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = pools.Close() })
		return pools
	}
	admin := open()
	for _, statement := range []string{"DROP DATABASE IF EXISTS users_promises", "CREATE DATABASE users_promises"} {
		if _, err := admin.Primary.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	settings.Name = "users_promises"
	if _, err := database.Migrate(t.Context(), settings, logger); err != nil {
		t.Fatal(err)
	}
	pools := open()
	repository := NewMySQLRepository(pools, RepositoryOptions{Fallback: func(string) {}})

	for number := range 5 {
		made := Input{Name: "n", Email: fmt.Sprintf("%d@example.com", number)}
		key := fmt.Sprintf("\x01%064d", number)
		first, created, err := repository.Create(t.Context(), made, key)
		if err != nil || !created {
			t.Fatalf("create %d: %v, %v", number, created, err)
		}
		again, created, err := repository.Create(t.Context(), made, key)
		if err != nil || created || again != first {
			t.Errorf("repeat %d: %+v instead of %+v, %v, %v", number, again, first, created, err)
		}
	}
	if _, _, err := repository.Create(t.Context(), Input{Name: "n", Email: "0@EXAMPLE.com"}, ""); !errors.Is(err, ErrEmailTaken) {
		t.Errorf("a taken address: %v", err)
	}
	seen := 0
	for window, more := (Window{Limit: 2}), true; more; {
		page, err := repository.List(t.Context(), window)
		if err != nil {
			t.Fatal(err)
		}
		seen += len(page.Users)
		more, window.After = page.More, page.Users[len(page.Users)-1].ID
	}
	counted, err := repository.List(t.Context(), Window{Offset: 3, Limit: 3, Counted: true})
	if err != nil || seen != 5 || counted.Total != 5 || len(counted.Users) != 2 || counted.More {
		t.Errorf("saw %d by cursors, %+v by pages, %v", seen, counted, err)
	}

	// The version of a row grows although the clock of whoever writes is behind.
	before := time.Now()
	repository.now = func() time.Time { return before.Add(-time.Hour).UTC().Truncate(time.Microsecond) }
	var last User
	for range 3 {
		changed, err := repository.Update(t.Context(), counted.Users[0].ID, Input{Name: "m", Email: counted.Users[0].Email})
		if err != nil || !changed.UpdatedAt.After(last.UpdatedAt) || changed.UpdatedAt.Before(counted.Users[0].UpdatedAt) {
			t.Errorf("updated at %v after %v and %v, %v", changed.UpdatedAt, last.UpdatedAt, counted.Users[0].UpdatedAt, err)
		}
		last = changed
	}
}
