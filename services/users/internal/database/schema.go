package database

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"regexp"
	"strings"

	"github.com/golang-migrate/migrate/v4"
	migratedatabase "github.com/golang-migrate/migrate/v4/database"
	"github.com/golang-migrate/migrate/v4/source"
)

// upgrade runs the missing migrations one by one and returns the version it
// reached. When ctx ends it lets the migration that is running finish and starts
// no other: what was stopped between two migrations needs no repair.
func upgrade(ctx context.Context, files source.Driver, target migratedatabase.Driver, logger *slog.Logger) (uint, error) {
	if err := recoverInterrupted(files, target, logger); err != nil {
		return 0, err
	}
	migrator, err := migrate.NewWithInstance("iofs", files, "mysql", target)
	if err != nil {
		return 0, err
	}
	for {
		if ctx.Err() != nil {
			return 0, stopped(target)
		}
		// Not Up with its GracefulStop: two of its goroutines write the flag behind it, without a lock.
		err := migrator.Steps(1)
		var dirty migrate.ErrDirty
		switch {
		case err == nil:
			continue
		case errors.As(err, &dirty):
			return 0, interrupted(files, dirty.Version)
		case isLocked(err):
			return 0, errors.Join(errNotYet, errLocked, err)
		case !errors.Is(err, fs.ErrNotExist):
			return 0, err
		}
		version, _, err := target.Version()
		if err != nil || version < 0 {
			return 0, err
		}
		if _, known := statements(files, uint(version)); !known {
			// A release that went back, or the stable one beside a canary: its
			// successor has migrated already, compatibly.
			logger.WarnContext(ctx, "the schema is newer than this release; it stays as it is", "schema_version", version)
		}
		return uint(version), nil
	}
}

// recoverInterrupted makes a migration that was cut off run again, where that
// cannot do harm. MySQL does a statement of DDL completely or not at all, even
// when its client dies, so a migration whose every statement asks for what may
// be there already is finished by a second run, however far the first one came.
func recoverInterrupted(files source.Driver, target migratedatabase.Driver, logger *slog.Logger) error {
	// Under the lock, so that a migration that is only just running is not taken for one that was cut off.
	if err := target.Lock(); err != nil {
		if isLocked(err) {
			return errors.Join(errNotYet, errLocked, err)
		}
		return errors.Join(errNotYet, err)
	}
	version, dirty, err := target.Version()
	if err == nil && dirty {
		if text, known := statements(files, uint(version)); known && repeatable(text) {
			logger.Warn("a migration was interrupted; its statements may be repeated, so it runs again", "schema_version", version)
			err = target.SetVersion(before(files, version), false)
		}
	}
	return errors.Join(err, target.Unlock())
}

func isLocked(err error) bool {
	return errors.Is(err, migrate.ErrLockTimeout) || errors.Is(err, migratedatabase.ErrLocked)
}

func stopped(target migratedatabase.Driver) error {
	version, _, err := target.Version()
	if err != nil {
		return errors.Join(errStopped, err)
	}
	return fmt.Errorf("%w: the schema is whole, at version %d; the next run goes on from there", errStopped, max(version, 0))
}

// interrupted says what a person can do about a migration that was cut off in the middle.
func interrupted(files source.Driver, version int) error {
	return fmt.Errorf("migration %d was interrupted and may be half done: look at what is there, then finish it by hand and run \"migrate force %d\", "+
		"or undo it by hand and run \"migrate force %d\" (in a stack: set the service's database.migrate to these three words for one update)",
		version, version, max(before(files, version), 0))
}

// before returns the version that a migration starts from.
func before(files source.Driver, version int) int {
	previous, err := files.Prev(uint(version))
	if err != nil {
		return migratedatabase.NilVersion
	}
	return int(previous)
}

// statements returns the text of a migration, and false for one that this release does not have.
func statements(files source.Driver, version uint) (string, bool) {
	file, _, err := files.ReadUp(version)
	if err != nil {
		return "", false
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(file)
	return string(text), err == nil
}

var (
	comment           = regexp.MustCompile(`(?m)^\s*(--(\s.*)?|#.*)$`)
	asksForWhatMayBe  = regexp.MustCompile(`(?is)^(CREATE\s+TABLE\s+IF\s+NOT\s+EXISTS|CREATE\s+OR\s+REPLACE\s|DROP\s+(TABLE|VIEW)\s+IF\s+EXISTS)\b`)
	copiesWhatMayMove = regexp.MustCompile(`(?i)\bSELECT\b`)
)

// repeatable tells whether a migration may run a second time. It errs on the
// safe side: a semicolon inside a text makes a fragment that it does not know.
func repeatable(text string) bool {
	found := false
	for statement := range strings.SplitSeq(comment.ReplaceAllString(text, ""), ";") {
		statement = strings.TrimSpace(statement)
		if statement == "" {
			continue
		}
		if !asksForWhatMayBe.MatchString(statement) || (strings.HasPrefix(strings.ToUpper(statement), "CREATE TABLE") && copiesWhatMayMove.MatchString(statement)) {
			return false
		}
		found = true
	}
	return found
}
