package database

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	migratedatabase "github.com/golang-migrate/migrate/v4/database"
	"github.com/golang-migrate/migrate/v4/database/stub"
	"github.com/golang-migrate/migrate/v4/source"
	"github.com/golang-migrate/migrate/v4/source/iofs"
)

// schema is a database whose migrations call back while they run.
type schema struct {
	*stub.Stub
	during func(text string) error
}

func (s schema) Run(file io.Reader) error {
	text, err := io.ReadAll(file)
	if err != nil {
		return err
	}
	if err := s.during(string(text)); err != nil {
		return err
	}
	return s.Stub.Run(strings.NewReader(string(text)))
}

func newSchema(version int, dirty bool) schema {
	return schema{
		&stub.Stub{CurrentVersion: version, IsDirty: dirty, Config: &stub.Config{}},
		func(string) error { return nil },
	}
}

func migrationFiles(t *testing.T, texts ...string) source.Driver {
	t.Helper()
	folder := fstest.MapFS{}
	for index, text := range texts {
		folder["m/"+string(rune('1'+index))+"_step.up.sql"] = &fstest.MapFile{Data: []byte(text)}
	}
	files, err := iofs.New(folder, "m")
	if err != nil {
		t.Fatal(err)
	}
	return files
}

var silent = slog.New(slog.DiscardHandler)

func TestAStoppedMigrationFinishesTheStatementThatRunsAndLeavesNothingDirty(t *testing.T) {
	files := migrationFiles(t, "ALTER 1", "ALTER 2", "ALTER 3")
	target := newSchema(migratedatabase.NilVersion, false)
	ctx, stop := context.WithCancel(t.Context())
	target.during = func(text string) error {
		if text == "ALTER 2" {
			stop()
		}
		return nil
	}
	_, err := upgrade(ctx, files, target, silent)
	if !errors.Is(err, errStopped) || !strings.Contains(err.Error(), "at version 2") {
		t.Errorf("got %v", err)
	}
	if target.CurrentVersion != 2 || target.IsDirty || !slices.Equal(target.MigrationSequence, []string{"ALTER 1", "ALTER 2"}) {
		t.Errorf("version %d, dirty %v, ran %v", target.CurrentVersion, target.IsDirty, target.MigrationSequence)
	}
	version, err := upgrade(t.Context(), files, target, silent)
	if err != nil || version != 3 || target.MigrationSequence[2] != "ALTER 3" {
		t.Errorf("the next run: version %d, %v, ran %v", version, err, target.MigrationSequence)
	}
}

func TestAMigrationThatWasCutOffRunsAgainWhereThatIsHarmless(t *testing.T) {
	const harmless = "-- Why.\nCREATE TABLE IF NOT EXISTS b (id INT);\nDROP TABLE IF EXISTS c;\n"
	target := newSchema(2, true)
	version, err := upgrade(t.Context(), migrationFiles(t, "ALTER 1", harmless, "ALTER 3"), target, silent)
	if err != nil || version != 3 || target.IsDirty || !slices.Equal(target.MigrationSequence, []string{harmless, "ALTER 3"}) {
		t.Errorf("version %d, %v, ran %q", version, err, target.MigrationSequence)
	}
	first := newSchema(1, true)
	if version, err := upgrade(t.Context(), migrationFiles(t, harmless), first, silent); err != nil || version != 1 || first.IsDirty {
		t.Errorf("the first migration: version %d, %v", version, err)
	}
}

func TestAMigrationThatWasCutOffElsewhereIsLeftToAPersonWithTheCommands(t *testing.T) {
	target := newSchema(2, true)
	_, err := upgrade(t.Context(), migrationFiles(t, "ALTER 1", "ALTER 2"), target, silent)
	if err == nil || !strings.Contains(err.Error(), `"migrate force 2"`) || !strings.Contains(err.Error(), `"migrate force 1"`) {
		t.Errorf("got %v", err)
	}
	if len(target.MigrationSequence) != 0 || !target.IsDirty {
		t.Errorf("ran %q", target.MigrationSequence)
	}
}

func TestOnlyStatementsThatAskForWhatMayBeThereAreRepeated(t *testing.T) {
	for text, expected := range map[string]bool{
		"CREATE TABLE IF NOT EXISTS a (id INT)":                      true,
		"create table if not exists a (id INT); -- b\n":              false, // a comment behind a statement is not understood
		"# c\ncreate or replace view a as select 1":                  true,
		"CREATE TABLE a (id INT)":                                    false,
		"CREATE TABLE IF NOT EXISTS a AS SELECT * FROM b":            false,
		"CREATE TABLE IF NOT EXISTS a (id INT); INSERT INTO a ()":    false,
		"CREATE TABLE IF NOT EXISTS a (t TEXT DEFAULT (';DROP x;'))": false,
		"ALTER TABLE a ADD COLUMN b INT":                             false,
		"-- nothing\n":                                               false,
		"":                                                           false,
	} {
		if repeatable(text) != expected {
			t.Errorf("%q: %v", text, !expected)
		}
	}
}

func TestAMigrationThatFailsSaysWhyAndAnotherReleaseThatIsOlderLeavesTheSchema(t *testing.T) {
	broken := errors.New("1064")
	target := newSchema(migratedatabase.NilVersion, false)
	target.during = func(string) error { return broken }
	if _, err := upgrade(t.Context(), migrationFiles(t, "ALTER 1"), target, silent); !errors.Is(err, broken) || !target.IsDirty {
		t.Errorf("got %v, dirty %v", err, target.IsDirty)
	}
	newer := newSchema(7, false)
	if version, err := upgrade(t.Context(), migrationFiles(t, "ALTER 1"), newer, silent); err != nil || version != 7 || len(newer.MigrationSequence) != 0 {
		t.Errorf("version %d, %v, ran %q", version, err, newer.MigrationSequence)
	}
}

func TestAnotherMigrationThatHoldsTheLockIsWaitedFor(t *testing.T) {
	target := newSchema(1, true)
	if err := target.Lock(); err != nil {
		t.Fatal(err)
	}
	_, err := upgrade(t.Context(), migrationFiles(t, "CREATE TABLE IF NOT EXISTS a (id INT)"), target, silent)
	if !errors.Is(err, errNotYet) || !errors.Is(err, errLocked) || !target.IsDirty {
		t.Errorf("got %v, dirty %v: what just runs was taken for what was cut off", err, target.IsDirty)
	}
}
