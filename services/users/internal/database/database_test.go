package database

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"gostack.dev/users/internal/configuration"
)

func TestErrorsAreToldApart(t *testing.T) {
	answer := func(number uint16) error { return fmt.Errorf("wrapped: %w", &mysql.MySQLError{Number: number}) }
	for name, test := range map[string]struct {
		err                              error
		unavailable, duplicate, repeated bool
	}{
		"nothing":                      {nil, false, false, false},
		"no rows":                      {sql.ErrNoRows, false, false, false},
		"a caller who hung up":         {context.Canceled, false, false, false},
		"a duplicate":                  {answer(duplicateEntry), false, true, false},
		"a deadlock":                   {answer(deadlock), false, false, true},
		"a certification failure":      {answer(rolledBackDuringCommit), false, false, true},
		"a read-only server":           {answer(optionPreventsStatement), true, false, false},
		"too many connections":         {answer(tooManyConnections), true, false, false},
		"an account with no more":      {answer(userLimitReached), true, false, false},
		"a missing table":              {answer(1146), false, false, false},
		"a refused connection":         {&net.OpError{Op: "dial", Err: errors.New("refused")}, true, false, false},
		"a deadline":                   {context.DeadlineExceeded, true, false, false},
		"a connection broken underway": {mysql.ErrInvalidConn, true, false, false},
		"a member leaving its group":   {answer(hookFailed), true, false, false},
		"a session that was killed":    {answer(sessionKilled), true, false, false},
		"a primary on its way":         {answer(primaryIsMoving), true, false, false},
		"a row that another holds":     {answer(lockWaitTimeout), false, false, true},
		"a group without a primary":    {fmt.Errorf("%w: nobody answered", errNoMember), true, false, false},
		"a connection that ended":      {io.ErrUnexpectedEOF, true, false, false},
		"a certificate of another":     {&tls.CertificateVerificationError{Err: errors.New("unknown authority")}, true, false, false},
		"a column of the wrong type":   {scanError(), false, false, false},
		"a fault of the program":       {errors.New("expected 2 arguments"), false, false, false},
		"a connection never used":      {driver.ErrBadConn, true, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			if IsUnavailable(test.err) != test.unavailable || IsDuplicate(test.err) != test.duplicate || IsSafeToRepeat(test.err) != test.repeated {
				t.Errorf("unavailable %v, duplicate %v, safe to repeat %v", IsUnavailable(test.err), IsDuplicate(test.err), IsSafeToRepeat(test.err))
			}
		})
	}
}

// scanError is what database/sql says when a value does not fit the variable.
func scanError() error {
	var number sql.NullInt64
	return fmt.Errorf("sql: Scan error on column index 0: %w", number.Scan("text"))
}

func TestAConnectionThatWasNeverMadeIsToldFromOneThatBroke(t *testing.T) {
	for err, expected := range map[error]bool{
		fmt.Errorf("wrapped: %w", &net.OpError{Op: "dial", Err: &net.DNSError{IsTimeout: true}}): true,
		&net.OpError{Op: "read", Err: errors.New("reset")}:                                       false,
		mysql.ErrInvalidConn: false,
	} {
		if IsUnconnected(err) != expected {
			t.Errorf("%v: %v", err, !expected)
		}
	}
}

func TestOnlyWritersAreEndedWhenTheySayNothing(t *testing.T) {
	inGroup := configuration.Database{MemberAddresses: []string{"db.example:3306"}}
	for _, test := range []struct {
		settings configuration.Database
		writable bool
		ended    bool
	}{{inGroup, true, true}, {inGroup, false, false}, {configuration.Database{}, true, false}} {
		config, err := driverConfig(test.settings, "db.example:3306", test.writable, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		if dsn := config.FormatDSN(); strings.Contains(dsn, "wait_timeout=8") != test.ended {
			t.Errorf("writable %v: %s", test.writable, dsn)
		}
	}
	if config, err := driverConfig(configuration.Database{}, "db.example:3306", true, slog.New(slog.DiscardHandler)); err != nil || !strings.Contains(config.FormatDSN(), "innodb_lock_wait_timeout=1") {
		t.Errorf("a writer that waits for a row: %v", err)
	}
	if idlePrimaryConnectionTime >= primarySilence {
		t.Error("the pool would keep connections that the server has ended")
	}
}

func TestOnlyThePrimaryPoolRefusesReadOnlyServers(t *testing.T) {
	for _, forWrites := range []bool{true, false} {
		config, err := driverConfig(configuration.Database{Password: "hush"}, "db.example:3306", forWrites, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		if config.RejectReadOnly != forWrites || !config.ParseTime || !config.ClientFoundRows || config.TLS != nil {
			t.Errorf("writable %v: %+v", forWrites, config)
		}
		if !strings.Contains(config.FormatDSN(), "utf8mb4") {
			t.Errorf("not utf8mb4: %s", config.FormatDSN())
		}
	}
}

func TestACertificateMeansThatTheHostNameIsVerified(t *testing.T) {
	authorities := x509.NewCertPool()
	config, err := driverConfig(configuration.Database{Certificates: authorities}, "db.example:3306", true, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if config.TLS == nil || config.TLS.ServerName != "db.example" || config.TLS.InsecureSkipVerify || !config.TLS.RootCAs.Equal(authorities) {
		t.Errorf("TLS: %+v", config.TLS)
	}
}

func TestWithoutAReplicaBothPoolsAreOne(t *testing.T) {
	pools, err := Open(configuration.Database{PrimaryAddress: "a:1", ReplicaAddress: "a:1"}, configuration.Consul{}, slog.New(slog.DiscardHandler), func() {})
	if err != nil {
		t.Fatal(err)
	}
	if pools.Primary != pools.Replica {
		t.Error("there are two pools to one server")
	}
	if err := pools.Close(); err != nil {
		t.Error(err)
	}
}

func TestEveryMigrationCanBeUndone(t *testing.T) {
	up, err := fs.Glob(migrations, "migrations/*.up.sql")
	if err != nil || len(up) == 0 {
		t.Fatalf("migrations %v, %v", up, err)
	}
	for _, name := range up {
		if _, err := fs.Stat(migrations, strings.Replace(name, ".up.", ".down.", 1)); err != nil {
			t.Error(err)
		}
	}
}

func TestAMigrationGivesUpOnADatabaseThatNeverComesAndKeepsThePasswordToItself(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = Migrate(t.Context(), configuration.Database{PrimaryAddress: address, User: "u", Password: "hush", Name: "n", MigrationTimeout: time.Millisecond}, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "gave up") || strings.Contains(err.Error(), "hush") {
		t.Errorf("got %v", err)
	}
}
