package database

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/golang-migrate/migrate/v4"
	migratedatabase "github.com/golang-migrate/migrate/v4/database"
	migratemysql "github.com/golang-migrate/migrate/v4/database/mysql"
	"github.com/golang-migrate/migrate/v4/source"
	"github.com/golang-migrate/migrate/v4/source/iofs"

	"gostack.dev/users/internal/configuration"
)

//go:embed migrations/*.sql
var migrations embed.FS

const pauseBetweenAttempts = time.Second

var (
	// errNotYet marks what may pass by itself: a server that starts, a member that
	// is not writable yet, another migration that holds the lock.
	errNotYet = errors.New("the database is not ready for a migration")
	// errLocked marks the last of these. A server goes on with a statement whose
	// client was killed, and holds the lock until it is done.
	errLocked = errors.New("another migration is running")
	// errStopped says that the migration ended because it was asked to.
	errStopped = errors.New("stopped before the schema was up to date")
)

// Migrate brings the schema to the newest version and returns it. It may run
// many times and at many places at once: one of them does the work under a lock
// in the database, the others find nothing left to do. When ctx ends, it finishes
// the migration that is running and starts no other.
func Migrate(ctx context.Context, settings configuration.Database, logger *slog.Logger) (uint, error) {
	var version uint
	err := retry(ctx, settings, logger, func(files source.Driver, target migratedatabase.Driver) (err error) {
		version, err = upgrade(ctx, files, target, logger)
		return err
	})
	return version, err
}

// ForceVersion records a version without running anything: the way out after a
// migration was interrupted and somebody looked at what it left.
func ForceVersion(ctx context.Context, settings configuration.Database, version int, logger *slog.Logger) error {
	return retry(ctx, settings, logger, func(files source.Driver, target migratedatabase.Driver) error {
		migrator, err := migrate.NewWithInstance("iofs", files, "mysql", target)
		if err != nil {
			return err
		}
		err = migrator.Force(version)
		if isLocked(err) {
			return errors.Join(errNotYet, errLocked, err)
		}
		return err
	})
}

type migration func(files source.Driver, target migratedatabase.Driver) error

func retry(ctx context.Context, settings configuration.Database, logger *slog.Logger, work migration) error {
	started := time.Now()
	for {
		err := withDrivers(ctx, settings, logger, work)
		if err == nil || !errors.Is(err, errNotYet) {
			return err
		}
		patience := settings.MigrationTimeout
		if errors.Is(err, errLocked) {
			patience = max(patience, settings.StatementTimeout)
		}
		if time.Since(started)+pauseBetweenAttempts > patience {
			return fmt.Errorf("gave up after %s: %w", patience, err)
		}
		logger.DebugContext(ctx, "waiting for the database", "error", err.Error())
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w, while it waited: %w", errStopped, err)
		case <-time.After(pauseBetweenAttempts):
		}
	}
}

func withDrivers(ctx context.Context, settings configuration.Database, logger *slog.Logger, work migration) error {
	// A one-shot has no Consul agent beside it; where the primary may move, the members themselves are asked.
	connector, err := primaryConnector(settings, configuration.Consul{}, logger, func() {}, func(config *mysql.Config) {
		config.MultiStatements = true
		config.ReadTimeout = settings.StatementTimeout
		// The connection that holds the lock says nothing while another one works.
		delete(config.Params, waitTimeout)
		delete(config.Params, lockWaitSetting)
	})
	if err != nil {
		return err
	}
	pool := sql.OpenDB(connector)
	defer func() { _ = pool.Close() }()

	var readOnly bool
	if err := pool.QueryRowContext(ctx, "SELECT @@global.read_only").Scan(&readOnly); err != nil {
		return errors.Join(errNotYet, err)
	}
	if readOnly {
		return fmt.Errorf("%w: the primary is read-only", errNotYet)
	}
	target, err := migratemysql.WithInstance(pool, &migratemysql.Config{})
	if isLocked(err) {
		return errors.Join(errNotYet, errLocked, err)
	}
	if err != nil {
		return errors.Join(errNotYet, err)
	}
	defer func() { _ = target.Close() }()
	files, err := iofs.New(migrations, "migrations")
	if err != nil {
		return err
	}
	defer func() { _ = files.Close() }()
	return work(files, target)
}
