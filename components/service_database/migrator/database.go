package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/golang-migrate/migrate/v4/database"
	migratemysql "github.com/golang-migrate/migrate/v4/database/mysql"
)

const dialTimeout = 5 * time.Second

var (
	// errNotYet marks what may pass by itself.
	errNotYet = errors.New("the database is not ready for migrations")
	// errLocked marks the part of it that may take as long as a migration does.
	errLocked = errors.New("another migration is running")
)

// settings are what a service is told of its schema, with the account that may change tables.
type settings struct {
	// addresses are those of the members that may be the primary.
	addresses                []string
	user, password, database string
	authorities              *x509.CertPool
	lockTimeout              time.Duration
}

func settingsOf(variable func(string) string) (settings, error) {
	found := settings{
		addresses:   strings.FieldsFunc(variable("MYSQL_MEMBER_ADDRESSES"), func(r rune) bool { return r == ',' }),
		user:        variable("MYSQL_USER"),
		password:    variable("MYSQL_PASSWORD"),
		database:    variable("MYSQL_DATABASE"),
		authorities: x509.NewCertPool(),
	}
	if file := variable("MYSQL_PASSWORD_FILE"); file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return found, fmt.Errorf("MYSQL_PASSWORD_FILE: %w", err)
		}
		found.password = string(text)
	}
	if len(found.addresses) == 0 {
		found.addresses = []string{variable("MYSQL_PRIMARY_ADDRESS")}
	}
	if !found.authorities.AppendCertsFromPEM([]byte(variable("MYSQL_CA_CERTIFICATE"))) {
		return found, errors.New("MYSQL_CA_CERTIFICATE holds no certificate")
	}
	seconds, err := strconv.Atoi(variable("MIGRATE_TIMEOUT_SECONDS"))
	found.lockTimeout = time.Duration(seconds) * time.Second
	return found, err
}

func (s settings) pool(address string) (*sql.DB, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	config := mysql.NewConfig()
	config.Net, config.Addr, config.Timeout = "tcp", address, dialTimeout
	config.User, config.Passwd, config.DBName = s.user, s.password, s.database
	config.MultiStatements = true
	config.TLS = &tls.Config{RootCAs: s.authorities, ServerName: host, MinVersion: tls.VersionTLS12}
	if err := config.Apply(mysql.Charset("utf8mb4", "utf8mb4_0900_ai_ci")); err != nil {
		return nil, err
	}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}

// primary connects to the member that takes writes.
func (s settings) primary(ctx context.Context) (*sql.DB, error) {
	problems := []error{errNotYet}
	for _, address := range s.addresses {
		pool, err := s.pool(address)
		if err != nil {
			return nil, err
		}
		readOnly := false
		if err = pool.QueryRowContext(ctx, "SELECT @@global.read_only").Scan(&readOnly); err == nil && !readOnly {
			return pool, nil
		}
		if err == nil {
			err = errors.New("it is read-only")
		}
		problems = append(problems, fmt.Errorf("%s: %w", address, err), pool.Close())
	}
	return nil, errors.Join(problems...)
}

// migrate makes one attempt; what it fails with is errNotYet when another one may succeed.
func migrate(ctx context.Context, settings settings, work *upgrade) error {
	pool, err := settings.primary(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = pool.Close() }()
	target, err := migratemysql.WithInstance(pool, &migratemysql.Config{})
	if err != nil {
		return waited(err)
	}
	defer func() { _ = target.Close() }()
	return work.run(ctx, target)
}

// waited marks an error from before anything was done.
func waited(err error) error {
	if errors.Is(err, database.ErrLocked) {
		return errors.Join(errNotYet, errLocked, err)
	}
	return errors.Join(errNotYet, err)
}
