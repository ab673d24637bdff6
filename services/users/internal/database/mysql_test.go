package database

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	migratemysql "github.com/golang-migrate/migrate/v4/database/mysql"

	"gostack.dev/users/internal/configuration"
)

// realSettings point to an empty schema of its own on a real, throw-away server.
func realSettings(t *testing.T, schema string) configuration.Database {
	t.Helper()
	address := os.Getenv("MYSQL_TEST_ADDRESS")
	if address == "" {
		t.Skip("MYSQL_TEST_ADDRESS is not set: it names a throw-away MySQL server with an account test, password test, that may do everything")
	}
	settings := configuration.Database{
		PrimaryAddress: address, ReplicaAddress: address, User: "test", Password: "test", Name: "mysql",
		DialTimeout: time.Second, ReadTimeout: 1500 * time.Millisecond, WriteTimeout: time.Second,
		MigrationTimeout: 30 * time.Second, StatementTimeout: time.Minute, MaximumOpenConnections: 5, MaximumIdleConnections: 5,
	}
	pools, err := Open(settings, configuration.Consul{}, silent, func() {})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = pools.Close() }()
	for _, statement := range []string{"DROP DATABASE IF EXISTS " + schema, "CREATE DATABASE " + schema} {
		if _, err := pools.Primary.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	settings.Name = schema
	return settings
}

func realPool(t *testing.T, settings configuration.Database, tune func(*mysql.Config)) *sql.DB {
	t.Helper()
	connector, err := fixedConnector(settings, settings.PrimaryAddress, true, slog.New(slog.DiscardHandler), tune)
	if err != nil {
		t.Fatal(err)
	}
	pool := sql.OpenDB(connector)
	t.Cleanup(func() { _ = pool.Close() })
	return pool
}

func TestRealMySQLAStoppedMigrationFinishesItsStatementAndTheNextRunGoesOn(t *testing.T) {
	settings := realSettings(t, "stopped_migration")
	files := migrationFiles(t, "CREATE TABLE a (id INT)", "DO SLEEP(2)", "CREATE TABLE c (id INT)")
	run := func(ctx context.Context) (uint, error) {
		pool := realPool(t, settings, func(config *mysql.Config) { config.ReadTimeout = time.Minute })
		target, err := migratemysql.WithInstance(pool, &migratemysql.Config{})
		if err != nil {
			t.Fatal(err)
		}
		return upgrade(ctx, files, target, silent)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := run(ctx); !errors.Is(err, errStopped) {
		t.Fatalf("got %v", err)
	}
	var version int
	var dirty bool
	pool := realPool(t, settings, nil)
	if err := pool.QueryRowContext(t.Context(), "SELECT version, dirty FROM schema_migrations").Scan(&version, &dirty); err != nil || version != 2 || dirty {
		t.Errorf("version %d, dirty %v, %v", version, dirty, err)
	}
	if version, err := run(t.Context()); err != nil || version != 3 {
		t.Errorf("the next run: version %d, %v", version, err)
	}
}

func TestRealMySQLAMigrationThatWasKilledIsRepeated(t *testing.T) {
	settings := realSettings(t, "killed_migration")
	if _, err := Migrate(t.Context(), settings, silent); err != nil {
		t.Fatal(err)
	}
	// As after a kill: the server did the statement, its client could not say so.
	pool := realPool(t, settings, nil)
	if _, err := pool.ExecContext(t.Context(), "UPDATE schema_migrations SET version = 1, dirty = TRUE"); err != nil {
		t.Fatal(err)
	}
	if version, err := Migrate(t.Context(), settings, silent); err != nil || version != 2 {
		t.Errorf("version %d, %v", version, err)
	}
}

func TestRealMySQLAMigrationWaitsForTheOneThatRuns(t *testing.T) {
	settings := realSettings(t, "waiting_migration")
	other, err := migratemysql.WithInstance(realPool(t, settings, nil), &migratemysql.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Lock(); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(2*time.Second, func() { _ = other.Unlock() })
	settings.MigrationTimeout = time.Second
	if version, err := Migrate(t.Context(), settings, silent); err != nil || version != 2 {
		t.Errorf("version %d, %v", version, err)
	}
}

func TestRealMySQLAWriterThatWaitsForARowIsAnsweredBeforeItsConnectionIsTakenForDead(t *testing.T) {
	settings := realSettings(t, "hot_row")
	pool := realPool(t, settings, nil)
	for _, statement := range []string{"CREATE TABLE a (id INT PRIMARY KEY, n INT)", "INSERT INTO a VALUES (1, 1)"} {
		if _, err := pool.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	holder, err := pool.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = holder.Rollback() }()
	if _, err := holder.ExecContext(t.Context(), "UPDATE a SET n = 2"); err != nil {
		t.Fatal(err)
	}
	_, err = pool.ExecContext(t.Context(), "UPDATE a SET n = 3")
	if !IsSafeToRepeat(err) || IsUnavailable(err) {
		t.Errorf("got %v", err)
	}
}
