// Package database opens MySQL and knows what its errors mean.
package database

import (
	"context"
	"crypto/tls"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/XSAM/otelsql"
	"github.com/go-sql-driver/mysql"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"gostack.dev/users/internal/configuration"
)

// An idle connection that is closed early costs a handshake; one that is kept
// for long sits on the primary's connection limit.
const idleConnectionTime = time.Minute

// Pools are the two ways to the data.
type Pools struct {
	// Primary takes the writes.
	Primary *sql.DB
	// Replica takes the reads; it is the same pool as Primary where a region
	// has no replica.
	Replica *sql.DB
}

// Open prepares both pools. It does not connect: a service that starts before
// its database waits in readiness instead of restarting in a loop.
func Open(settings configuration.Database, logger *slog.Logger) (Pools, error) {
	primary, err := openPool(settings, settings.PrimaryAddress, true, logger)
	if err != nil {
		return Pools{}, fmt.Errorf("MYSQL_PRIMARY_ADDRESS: %w", err)
	}
	if settings.ReplicaAddress == settings.PrimaryAddress {
		return Pools{Primary: primary, Replica: primary}, nil
	}
	replica, err := openPool(settings, settings.ReplicaAddress, false, logger)
	if err != nil {
		return Pools{}, errors.Join(fmt.Errorf("MYSQL_REPLICA_ADDRESS: %w", err), primary.Close())
	}
	return Pools{Primary: primary, Replica: replica}, nil
}

// Close closes both pools.
func (pools Pools) Close() error {
	if pools.Replica == pools.Primary {
		return pools.Primary.Close()
	}
	return errors.Join(pools.Primary.Close(), pools.Replica.Close())
}

// Answers asks for the table itself: a database that is up but was never
// migrated, or a replica that has not received the table, cannot serve.
func Answers(pool *sql.DB) func(context.Context) error {
	return func(ctx context.Context) error {
		var one int
		err := pool.QueryRowContext(ctx, "SELECT 1 FROM users LIMIT 1").Scan(&one)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	}
}

func openPool(settings configuration.Database, address string, writable bool, logger *slog.Logger) (*sql.DB, error) {
	config, err := driverConfig(settings, address, writable, logger)
	if err != nil {
		return nil, err
	}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, err
	}
	host, _, _ := net.SplitHostPort(address)
	pool := otelsql.OpenDB(connector,
		otelsql.WithAttributes(
			attribute.String("db.system.name", "mysql"),
			attribute.String("db.namespace", settings.Name),
			attribute.String("server.address", host),
		),
		otelsql.WithSpanOptions(otelsql.SpanOptions{
			DisableErrSkip:       true,
			OmitConnResetSession: true,
			OmitConnPrepare:      true,
			OmitRows:             true,
			// A health check has no trace to belong to.
			SpanFilter: func(ctx context.Context, _ otelsql.Method, _ string, _ []driver.NamedValue) bool {
				return trace.SpanContextFromContext(ctx).IsValid()
			},
		}),
	)
	pool.SetMaxOpenConns(settings.MaximumOpenConnections)
	pool.SetMaxIdleConns(settings.MaximumIdleConnections)
	pool.SetConnMaxLifetime(settings.ConnectionMaximumLifetime)
	pool.SetConnMaxIdleTime(idleConnectionTime)
	return pool, nil
}

func driverConfig(settings configuration.Database, address string, writable bool, logger *slog.Logger) (*mysql.Config, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	config := mysql.NewConfig()
	config.Net = "tcp"
	config.Addr = address
	config.DBName = settings.Name
	config.User = settings.User
	config.Passwd = settings.Password.Reveal()
	config.Timeout = settings.DialTimeout
	config.ReadTimeout = settings.ReadTimeout
	config.WriteTimeout = settings.WriteTimeout
	config.ParseTime = true
	// An update that changes nothing must still count the row it found.
	config.ClientFoundRows = true
	// One round trip instead of three; safe because the character set is utf8mb4.
	config.InterpolateParams = true
	// After a failover the old primary is read-only: drop the connection and dial again.
	config.RejectReadOnly = writable
	config.Logger = driverLogger{logger}
	if settings.Certificates != nil {
		config.TLS = &tls.Config{RootCAs: settings.Certificates, ServerName: host, MinVersion: tls.VersionTLS12}
	}
	if err := config.Apply(mysql.Charset("utf8mb4", "utf8mb4_0900_ai_ci")); err != nil {
		return nil, err
	}
	return config, nil
}

// driverLogger keeps the driver's own lines in the service's format.
type driverLogger struct{ logger *slog.Logger }

func (adapter driverLogger) Print(words ...any) {
	adapter.logger.Debug("the MySQL driver reports a problem", "error", fmt.Sprint(words...))
}
