package users

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"gostack.dev/users/internal/configuration"
	"gostack.dev/users/internal/database"
)

// realPools leads to a schema of its own, with all migrations, on a real, throw-away server.
func realPools(t *testing.T, schema string) database.Pools {
	t.Helper()
	address := os.Getenv("MYSQL_TEST_ADDRESS")
	if address == "" {
		t.Skip("MYSQL_TEST_ADDRESS is not set: it names a throw-away MySQL server with an account test, password test, that may do everything")
	}
	logger := slog.New(slog.DiscardHandler)
	settings := configuration.Database{
		PrimaryAddress: address, ReplicaAddress: address, User: "test", Password: "test", Name: "mysql",
		DialTimeout: time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: time.Second,
		MigrationTimeout: 30 * time.Second, StatementTimeout: time.Minute, MaximumOpenConnections: 6, MaximumIdleConnections: 6,
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
	for _, statement := range []string{"DROP DATABASE IF EXISTS " + schema, "CREATE DATABASE " + schema} {
		if _, err := admin.Primary.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	settings.Name = schema
	if _, err := database.Migrate(t.Context(), settings, logger); err != nil {
		t.Fatal(err)
	}
	return open()
}

func TestRealMySQLKeepsTheRepositorysPromises(t *testing.T) {
	repository := NewMySQLRepository(realPools(t, "users_promises"), RepositoryOptions{Fallback: func(string) {}})

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

func TestRealMySQLReadsGoOnWhileWritesHang(t *testing.T) {
	pools := realPools(t, "users_hanging")
	repository := NewMySQLRepository(pools, RepositoryOptions{})
	made, _, err := repository.Create(t.Context(), someInput, "")
	if err != nil {
		t.Fatal(err)
	}
	// Whoever holds the table for reads keeps every write waiting, and no read.
	holder, err := pools.Primary.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = holder.Close() }()
	if _, err := holder.ExecContext(t.Context(), "LOCK TABLES users READ"); err != nil {
		t.Fatal(err)
	}

	var writers sync.WaitGroup
	for number := range 30 {
		writers.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			_, _, err := repository.Create(ctx, Input{Name: "n", Email: fmt.Sprintf("%d@example.com", number)}, "")
			if !errors.Is(err, ErrUnavailable) {
				t.Errorf("write %d: %v", number, err)
			}
		})
	}
	hanging := time.Now().Add(2 * time.Second)
	for reads := 0; time.Now().Before(hanging) || reads < 10; reads++ {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		if reading, err := repository.Get(ctx, made.ID, time.Time{}); err != nil || reading.User != made {
			t.Fatalf("read %d: %+v, %v", reads, reading, err)
		}
		cancel()
		time.Sleep(20 * time.Millisecond)
	}
	writers.Wait()

	if _, err := holder.ExecContext(t.Context(), "UNLOCK TABLES"); err != nil {
		t.Fatal(err)
	}
	if _, created, err := repository.Create(t.Context(), Input{Name: "n", Email: "after@example.com"}, ""); err != nil || !created {
		t.Errorf("afterwards: %v, %v", created, err)
	}
}
