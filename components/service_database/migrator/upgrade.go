package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"regexp"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	migratelibrary "github.com/golang-migrate/migrate/v4"
	"github.com/golang-migrate/migrate/v4/database"
	"github.com/golang-migrate/migrate/v4/source"
)

// upgrade applies the files that a schema does not have yet.
type upgrade struct {
	files source.Driver
	// names are those of the files, by their version.
	names  map[uint]string
	forced int
	say    *log.Logger
}

// names returns the files that lead upwards, by their version.
func names(folder fs.FS) map[uint]string {
	found := map[uint]string{}
	entries, _ := fs.ReadDir(folder, ".")
	for _, entry := range entries {
		if file, err := source.Parse(entry.Name()); err == nil && file.Direction == source.Up {
			found[file.Version] = file.Raw
		}
	}
	return found
}

// run applies one file after the other. When ctx ends it lets the one that runs finish, and begins no other.
func (u *upgrade) run(ctx context.Context, target database.Driver) error {
	if err := u.force(target); err != nil {
		return err
	}
	migrator, err := migratelibrary.NewWithInstance("iofs", u.files, "mysql", target)
	if err != nil {
		return err
	}
	for {
		before, _, err := target.Version()
		if err != nil {
			return waited(err)
		}
		if ctx.Err() != nil {
			return fmt.Errorf("stopped: the schema is whole, at version %d, and the next run goes on from there", max(before, 0))
		}
		started := time.Now()
		// Not Up with its GracefulStop: two of its goroutines write the flag behind it, without a lock.
		err = migrator.Steps(1)
		var dirty migratelibrary.ErrDirty
		switch {
		case err == nil:
			reached, _, _ := target.Version()
			u.say.Printf("%s: applied in %.1f s", u.name(reached), time.Since(started).Seconds())
		case errors.As(err, &dirty):
			return u.halfDone(dirty.Version)
		case errors.Is(err, migratelibrary.ErrLockTimeout), errors.Is(err, database.ErrLocked):
			return errors.Join(errNotYet, errLocked, err)
		case errors.Is(err, fs.ErrNotExist):
			return u.end(before)
		default:
			return u.failure(target, before, err)
		}
	}
}

// end tells why there is nothing left to apply.
func (u *upgrade) end(version int) error {
	if _, known := u.names[uint(max(version, 0))]; known {
		u.say.Printf("the schema is up to date, at version %d", version)
		return nil
	}
	for newer := range u.names {
		if int(newer) > version {
			return fmt.Errorf("the schema is at version %d, for which there is no file, and %s is newer: put the file back", version, u.names[newer])
		}
	}
	// A release that went back: the newer one has migrated already.
	u.say.Printf("the schema is newer than these files, at version %d: it stays as it is", version)
	return nil
}

// force records a version that a person gives for a schema that a file has left half-way. At any other time it does
// nothing: a number that was forgotten in the settings must not hide the next failure.
func (u *upgrade) force(target database.Driver) error {
	version, dirty, err := target.Version()
	if err != nil {
		return waited(err)
	}
	if u.forced == none || !dirty || (u.forced != version && u.forced != u.before(version)) {
		return nil
	}
	recorded := u.forced
	if recorded == 0 {
		recorded = database.NilVersion
	}
	if err := target.Lock(); err != nil {
		return waited(err)
	}
	err = errors.Join(target.SetVersion(recorded, false), target.Unlock())
	if err == nil {
		u.say.Printf("version %d was recorded, as the settings say", u.forced)
	}
	return err
}

// failure says which file failed, and takes its number back where nothing of it was applied.
func (u *upgrade) failure(target database.Driver, before int, err error) error {
	var failed database.Error
	if errors.As(err, &failed) && failed.OrigErr != nil {
		err = failed.OrigErr
	}
	version, dirty, versionErr := target.Version()
	if versionErr != nil || !dirty {
		return errors.Join(err, versionErr)
	}
	name := u.name(version)
	var answer *mysql.MySQLError
	if !errors.As(err, &answer) {
		return fmt.Errorf("%s: %w: %w", name, err, u.halfDone(version))
	}
	if !u.oneStatement(uint(version)) {
		return fmt.Errorf("%s failed, after those of its statements that stand before the wrong one: %w", name, err)
	}
	// MySQL does one statement completely or not at all.
	if err := errors.Join(target.Lock(), target.SetVersion(before, false), target.Unlock()); err != nil {
		return fmt.Errorf("%s: %w: %w", name, answer, err)
	}
	return fmt.Errorf("%s failed, and nothing of it was applied: %w", name, err)
}

// halfDone says what a person can do.
func (u *upgrade) halfDone(version int) error {
	return fmt.Errorf("%s ended half-way in an earlier run: look at what of it is there; to let it run again, changed so "+
		"that it takes that, write database.migrations.force: %d; when all of it is there, force: %d",
		u.name(version), u.before(version), version)
}

// before returns the version of the file before another one; 0 for the first.
func (u *upgrade) before(version int) int {
	previous, err := u.files.Prev(uint(max(version, 0)))
	if err != nil {
		return 0
	}
	return int(previous)
}

func (u *upgrade) name(version int) string {
	if name, known := u.names[uint(max(version, 0))]; known {
		return name
	}
	return fmt.Sprintf("version %d", version)
}

var comment = regexp.MustCompile(`(?m)^\s*(--(\s.*)?|#.*)$`)

// oneStatement tells whether a file has a single statement, which is no procedure. It errs on the safe side: a semicolon
// in a text counts.
func (u *upgrade) oneStatement(version uint) bool {
	file, _, err := u.files.ReadUp(version)
	if err != nil {
		return false
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(file)
	statement := strings.TrimSuffix(strings.TrimSpace(comment.ReplaceAllString(string(text), "")), ";")
	return err == nil && !strings.Contains(statement, ";") && !strings.HasPrefix(strings.ToUpper(statement), "CALL")
}
