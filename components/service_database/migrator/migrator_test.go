package main

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"io"
	"io/fs"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/go-sql-driver/mysql"
	"github.com/golang-migrate/migrate/v4/database"
	"github.com/golang-migrate/migrate/v4/database/stub"
	"github.com/golang-migrate/migrate/v4/source/iofs"
)

var wrong = &mysql.MySQLError{Number: 1064, Message: "You have an error in your SQL syntax"}

// schema is a database that runs nothing, and fails as it is told to.
type schema struct {
	*stub.Stub
	ran  []string
	fail error
}

func (s *schema) Run(migration io.Reader) error {
	text, _ := io.ReadAll(migration)
	if s.fail != nil && strings.Contains(string(text), "BROKEN") {
		return database.Error{OrigErr: s.fail, Err: "migration failed", Query: text}
	}
	s.ran = append(s.ran, string(text))
	return nil
}

func at(version int, dirty bool) *schema {
	return &schema{Stub: &stub.Stub{CurrentVersion: version, IsDirty: dirty}, fail: wrong}
}

// applied runs the files on a schema and returns what was said.
func applied(t *testing.T, target *schema, forced int, files map[string]string) (string, error) {
	t.Helper()
	folder := fstest.MapFS{}
	for name, text := range files {
		folder[name] = &fstest.MapFile{Data: []byte(text)}
	}
	driver, err := iofs.New(folder, ".")
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	work := &upgrade{files: driver, names: names(folder), forced: forced, say: log.New(&said, "", 0)}
	err = work.run(context.Background(), target)
	return said.String(), err
}

var two = map[string]string{"0001_a.up.sql": "A", "0001_a.down.sql": "D", "0002_b.up.sql": "B", "README.md": "-"}

func TestMissingFilesAreAppliedInOrderAndNamed(t *testing.T) {
	target := at(none, false)
	said, err := applied(t, target, none, two)
	if err != nil || !slices.Equal(target.ran, []string{"A", "B"}) || target.CurrentVersion != 2 {
		t.Fatal(err, target.ran, target.CurrentVersion)
	}
	for _, line := range []string{"0001_a.up.sql: applied in", "0002_b.up.sql: applied in", "up to date, at version 2"} {
		if !strings.Contains(said, line) {
			t.Errorf("%q is not in %q", line, said)
		}
	}
	if _, err := applied(t, target, none, two); err != nil || len(target.ran) != 2 {
		t.Error("a second run applies something", err, target.ran)
	}
}

func TestAFileThatFailsIsNamedWithWhatMySqlSays(t *testing.T) {
	for text, rest := range map[string]struct {
		said    string
		version int
		dirty   bool
	}{
		"-- one; statement\nBROKEN;\n": {"0003_c.up.sql failed, and nothing of it was applied: Error 1064", 2, false},
		"B; BROKEN":                    {"0003_c.up.sql failed, after those of its statements", 3, true},
		"CALL BROKEN()":                {"0003_c.up.sql failed, after those of its statements", 3, true},
	} {
		target := at(2, false)
		_, err := applied(t, target, none, map[string]string{"0001_a.up.sql": "A", "0002_b.up.sql": "B", "0003_c.up.sql": text})
		if err == nil || !strings.Contains(err.Error(), rest.said) || !errors.Is(err, wrong) {
			t.Errorf("%q: %v", text, err)
		}
		if target.CurrentVersion != rest.version || target.IsDirty != rest.dirty {
			t.Errorf("%q: version %d, dirty %v", text, target.CurrentVersion, target.IsDirty)
		}
	}
}

func TestALostConnectionTakesNoNumberBack(t *testing.T) {
	target := at(none, false)
	target.fail = mysql.ErrInvalidConn
	_, err := applied(t, target, none, map[string]string{"1_a.up.sql": "BROKEN"})
	if !errors.Is(err, mysql.ErrInvalidConn) || !target.IsDirty || !strings.Contains(err.Error(), "force: 0") {
		t.Error(err, target.IsDirty)
	}
}

func TestAFileThatEndedHalfWayIsExplained(t *testing.T) {
	_, err := applied(t, at(2, true), none, two)
	for _, words := range []string{"0002_b.up.sql ended half-way", "database.migrations.force: 1;", "force: 2"} {
		if err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%q is not in %v", words, err)
		}
	}
}

func TestAVersionIsForcedWhereAFileEndedHalfWayAlone(t *testing.T) {
	for name, test := range map[string]struct {
		target *schema
		forced int
		ran    []string
		failed bool
	}{
		"it runs again":              {at(2, true), 1, []string{"B"}, false},
		"it is there":                {at(2, true), 2, nil, false},
		"the first runs again":       {at(1, true), 0, []string{"A", "B"}, false},
		"a number of another time":   {at(2, true), 7, nil, true},
		"nothing ended half-way":     {at(2, false), 1, nil, false},
		"nothing was applied so far": {at(none, false), 1, []string{"A", "B"}, false},
	} {
		_, err := applied(t, test.target, test.forced, two)
		if (err != nil) != test.failed || !slices.Equal(test.target.ran, test.ran) {
			t.Errorf("%s: %v %v", name, err, test.target.ran)
		}
	}
}

func TestASchemaThatIsNewerStaysAndAMissingFileIsNamed(t *testing.T) {
	said, err := applied(t, at(9, false), none, two)
	if err != nil || !strings.Contains(said, "newer than these files, at version 9") {
		t.Error(said, err)
	}
	_, err = applied(t, at(3, false), none, map[string]string{"1_a.up.sql": "A", "4_d.up.sql": "D"})
	if err == nil || !strings.Contains(err.Error(), "at version 3, for which there is no file, and 4_d.up.sql is newer") {
		t.Error(err)
	}
}

func TestNothingIsBegunOnceItIsAskedToStop(t *testing.T) {
	driver, err := iofs.New(fstest.MapFS{"1_a.up.sql": {Data: []byte("A")}}, ".")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	target := at(none, false)
	err = (&upgrade{files: driver, forced: none, say: log.Default()}).run(ctx, target)
	if err == nil || !strings.Contains(err.Error(), "whole, at version 0") || len(target.ran) != 0 {
		t.Error(err, target.ran)
	}
}

func TestArguments(t *testing.T) {
	for words, wanted := range map[string]int{"up": none, "up 0": 0, "up 12": 12} {
		if found, err := parse(strings.Fields(words)); err != nil || found != wanted {
			t.Error(words, found, err)
		}
	}
	for _, words := range []string{"", "down", "up x", "up -1", "up 1 2"} {
		if _, err := parse(strings.Fields(words)); err == nil {
			t.Error(words)
		}
	}
}

func TestEveryMemberOfAGroupMayBeThePrimary(t *testing.T) {
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	variables := map[string]string{
		"MYSQL_PRIMARY_ADDRESS": "a:3306", "MYSQL_USER": "u", "MYSQL_PASSWORD": "p", "MYSQL_DATABASE": "d",
		"MYSQL_CA_CERTIFICATE": string(certificate), "MIGRATE_TIMEOUT_SECONDS": "60",
	}
	lookup := func(name string) string { return variables[name] }
	if found, err := settingsOf(lookup); err != nil || !slices.Equal(found.addresses, []string{"a:3306"}) {
		t.Error(found.addresses, err)
	}
	variables["MYSQL_MEMBER_ADDRESSES"] = "a:3306,b:3306"
	if found, err := settingsOf(lookup); err != nil || !slices.Equal(found.addresses, []string{"a:3306", "b:3306"}) {
		t.Error(found.addresses, err)
	}
	variables["MYSQL_CA_CERTIFICATE"] = ""
	if _, err := settingsOf(lookup); err == nil {
		t.Error("no authority")
	}
}

func TestThePasswordMayBeInAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	variables := map[string]string{"MYSQL_PASSWORD_FILE": file}
	lookup := func(name string) string { return variables[name] }
	if _, err := settingsOf(lookup); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if err := os.WriteFile(file, []byte("from a file"), 0o400); err != nil {
		t.Fatal(err)
	}
	if found, _ := settingsOf(lookup); found.password != "from a file" {
		t.Error(found.password)
	}
}

func TestAnUnreachableMemberIsWaitedFor(t *testing.T) {
	_, err := settings{addresses: []string{"127.0.0.1:1"}}.primary(context.Background())
	if !errors.Is(err, errNotYet) || !strings.Contains(err.Error(), "127.0.0.1:1: dial tcp") {
		t.Error(err)
	}
}
