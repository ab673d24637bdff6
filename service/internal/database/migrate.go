package database

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/golang-migrate/migrate/v4"
	migratedatabase "github.com/golang-migrate/migrate/v4/database"
	migratemysql "github.com/golang-migrate/migrate/v4/database/mysql"
	"github.com/golang-migrate/migrate/v4/source/iofs"

	"gostack.dev/users/internal/configuration"
)

//go:embed migrations/*.sql
var migrations embed.FS

const (
	pauseBetweenAttempts = time.Second
	// A big table may take this long to change; a connection that says nothing
	// for longer is taken for dead.
	longestStatement = 15 * time.Minute
)

// errNotYet marks what may pass by itself: a server that starts, a member that
// is not writable yet, another migration that holds the lock.
var errNotYet = errors.New("the database is not ready for a migration")

// Migrate brings the schema to the newest version and returns it. It may run
// many times and at many places at once: one of them does the work under a lock
// in the database, the others find nothing left to do.
func Migrate(ctx context.Context, settings configuration.Database, logger *slog.Logger) (uint, error) {
	var version uint
	err := retry(ctx, settings, logger, func(migrator *migrate.Migrate) error {
		err := migrator.Up()
		var dirty migrate.ErrDirty
		switch {
		case errors.As(err, &dirty):
			return fmt.Errorf("version %d was interrupted: finish or undo it by hand, then run \"migrate force %d\" or \"migrate force %d\": %w", dirty.Version, dirty.Version, dirty.Version-1, err)
		case errors.Is(err, migrate.ErrLockTimeout), errors.Is(err, migratedatabase.ErrLocked):
			return errors.Join(errNotYet, err)
		case errors.Is(err, fs.ErrNotExist):
			// A release that went back, or the stable one beside a canary: its
			// successor has migrated already, compatibly.
			logger.WarnContext(ctx, "the schema is newer than this release; it stays as it is")
		case err != nil && !errors.Is(err, migrate.ErrNoChange):
			return err
		}
		version, _, err = migrator.Version()
		return err
	})
	return version, err
}

// ForceVersion records a version without running anything: the way out after a
// migration was interrupted and somebody looked at what it left.
func ForceVersion(ctx context.Context, settings configuration.Database, version int, logger *slog.Logger) error {
	return retry(ctx, settings, logger, func(migrator *migrate.Migrate) error {
		return migrator.Force(version)
	})
}

func retry(ctx context.Context, settings configuration.Database, logger *slog.Logger, work func(*migrate.Migrate) error) error {
	deadline := time.Now().Add(settings.MigrationTimeout)
	for {
		err := withMigrator(ctx, settings, logger, work)
		if err == nil || !errors.Is(err, errNotYet) {
			return err
		}
		if time.Now().Add(pauseBetweenAttempts).After(deadline) {
			return fmt.Errorf("gave up after %s: %w", settings.MigrationTimeout, err)
		}
		logger.DebugContext(ctx, "waiting for the database", "error", err.Error())
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pauseBetweenAttempts):
		}
	}
}

func withMigrator(ctx context.Context, settings configuration.Database, logger *slog.Logger, work func(*migrate.Migrate) error) error {
	// A one-shot has no Consul agent beside it; where the primary may move, the members themselves are asked.
	connector, err := primaryConnector(settings, configuration.Consul{}, logger, func() {}, func(config *mysql.Config) {
		config.MultiStatements = true
		config.ReadTimeout = longestStatement
		// The connection that holds the lock says nothing while another one works.
		delete(config.Params, waitTimeout)
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
	if err != nil {
		return errors.Join(errNotYet, err)
	}
	source, err := iofs.New(migrations, "migrations")
	if err != nil {
		return err
	}
	migrator, err := migrate.NewWithInstance("iofs", source, "mysql", target)
	if err != nil {
		return err
	}
	defer func() { _, _ = migrator.Close() }()
	return work(migrator)
}
