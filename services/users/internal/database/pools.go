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
	"strconv"
	"time"

	"github.com/XSAM/otelsql"
	"github.com/go-sql-driver/mysql"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"gostack.dev/users/internal/configuration"
)

const (
	// An idle connection that is closed early costs a handshake; one that is kept
	// for long sits on the primary's connection limit.
	idleConnectionTime = time.Minute
	// A process that hangs in the middle of a transaction keeps its row locks, and
	// whoever repeats the write elsewhere waits for them: the server ends a session
	// that says nothing for this long, and with it the transaction. The ingress
	// repeats a write after five seconds (write_per_try_timeout_seconds). Only
	// where the primary may move: elsewhere idle connections are worth more than
	// what each new one asks of a name server and of the primary.
	primarySilence = 8 * time.Second
	waitTimeout    = "wait_timeout"
	// A row that another transaction holds is answered for before the connection's
	// read timeout takes the wait for a dead server: with MySQL's own 50 s a few
	// writers of one row would look like an outage.
	longestRowWait  = time.Second
	lockWaitSetting = "innodb_lock_wait_timeout"
	// Before the server ends it, a connection without work leaves the pool.
	idlePrimaryConnectionTime = primarySilence / 2
)

// Pools are the two ways to the data.
type Pools struct {
	// Primary takes the writes.
	Primary *sql.DB
	// Replica takes the reads; it is the same pool as Primary where a region
	// has no replica.
	Replica *sql.DB
}

// Open prepares both pools. It does not connect: a service that starts before
// its database waits in readiness instead of restarting in a loop. Where the
// primary may move, consul helps to find it, and primaryChanged hears of every
// move.
func Open(settings configuration.Database, consul configuration.Consul, logger *slog.Logger, primaryChanged func()) (Pools, error) {
	toPrimary, err := primaryConnector(settings, consul, logger, primaryChanged, nil)
	if err != nil {
		return Pools{}, fmt.Errorf("MYSQL_PRIMARY_ADDRESS: %w", err)
	}
	pools := Pools{Primary: openPool(settings, settings.PrimaryAddress, toPrimary)}
	if settings.PrimaryMoves() {
		pools.Primary.SetConnMaxIdleTime(idlePrimaryConnectionTime)
	}
	if settings.ReplicaAddress == settings.PrimaryAddress && !settings.PrimaryMoves() {
		pools.Replica = pools.Primary
		return pools, nil
	}
	replica, err := replicaConnector(settings, logger)
	if err != nil {
		return Pools{}, errors.Join(fmt.Errorf("MYSQL_REPLICA_ADDRESS: %w", err), pools.Primary.Close())
	}
	pools.Replica = openPool(settings, settings.ReplicaAddress, replica)
	return pools, nil
}

// Close closes both pools.
func (p Pools) Close() error {
	if p.Replica == p.Primary {
		return p.Primary.Close()
	}
	return errors.Join(p.Primary.Close(), p.Replica.Close())
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

// primaryConnector connects to the one address of the primary, or to whichever
// member is the primary at the moment. tune may change the driver's settings.
func primaryConnector(settings configuration.Database, consul configuration.Consul, logger *slog.Logger, changed func(), tune func(*mysql.Config)) (driver.Connector, error) {
	if !settings.PrimaryMoves() {
		return fixedConnector(settings, settings.PrimaryAddress, true, logger, tune)
	}
	hint := &primary{logger: logger, changed: changed}
	connector := &memberConnector{
		members: settings.MemberAddresses,
		first:   hint.address,
		connect: func(ctx context.Context, address string) (driver.Conn, error) {
			opened, err := connectTo[driverConnection](ctx, settings, address, true, logger, tune)
			if err != nil {
				return nil, err
			}
			if err := writable(ctx, opened); err != nil {
				return nil, errors.Join(err, opened.Close())
			}
			return &primaryConnection{opened, address, hint}, nil
		},
		connected: hint.found,
		failed:    hint.forget,
		timeout:   settings.DialTimeout + settings.ReadTimeout,
	}
	if consul.Address != "" && len(settings.PrimaryDatacenters) > 0 {
		connector.locate = newCatalog(consul, settings.PrimaryDatacenters, settings.DialTimeout, logger).locate
	}
	return connector, nil
}

// replicaConnector connects to the nearest member. Where there are others, one
// of them is read from while the nearest is away: the primary may be away too.
func replicaConnector(settings configuration.Database, logger *slog.Logger) (driver.Connector, error) {
	if !settings.PrimaryMoves() {
		return fixedConnector(settings, settings.ReplicaAddress, false, logger, nil)
	}
	return &memberConnector{
		members: settings.MemberAddresses,
		first:   func() string { return settings.ReplicaAddress },
		connect: func(ctx context.Context, address string) (driver.Conn, error) {
			return connectTo[driver.Conn](ctx, settings, address, false, logger, nil)
		},
		connected: func(string) {},
		failed:    func(string) {},
		timeout:   settings.DialTimeout + settings.ReadTimeout,
	}, nil
}

func fixedConnector(settings configuration.Database, address string, forWrites bool, logger *slog.Logger, tune func(*mysql.Config)) (driver.Connector, error) {
	config, err := driverConfig(settings, address, forWrites, logger)
	if err != nil {
		return nil, err
	}
	if tune != nil {
		tune(config)
	}
	return mysql.NewConnector(config)
}

func connectTo[Connection driver.Conn](ctx context.Context, settings configuration.Database, address string, forWrites bool, logger *slog.Logger, tune func(*mysql.Config)) (Connection, error) {
	var none Connection
	connector, err := fixedConnector(settings, address, forWrites, logger, tune)
	if err != nil {
		return none, err
	}
	opened, err := connector.Connect(ctx)
	if err != nil {
		return none, err
	}
	connection, able := opened.(Connection)
	if !able {
		return none, errors.Join(fmt.Errorf("the MySQL driver's connection is a %T", opened), opened.Close())
	}
	return connection, nil
}

func openPool(settings configuration.Database, address string, connector driver.Connector) *sql.DB {
	attributes := []attribute.KeyValue{
		attribute.String("db.system.name", "mysql"),
		attribute.String("db.namespace", settings.Name),
	}
	// A pool whose connections may go to any member has no one address.
	if host, _, err := net.SplitHostPort(address); err == nil && !settings.PrimaryMoves() {
		attributes = append(attributes, attribute.String("server.address", host))
	}
	pool := otelsql.OpenDB(connector,
		otelsql.WithAttributes(attributes...),
		otelsql.WithSpanErrorAttributesGetter(errorNumber),
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
	return pool
}

// errorNumber is what a span says of a statement that MySQL refused: the text of
// the refusal may hold values.
func errorNumber(err error) []attribute.KeyValue {
	var answer *mysql.MySQLError
	if !errors.As(err, &answer) {
		return nil
	}
	return []attribute.KeyValue{attribute.String("db.response.status_code", strconv.Itoa(int(answer.Number)))}
}

func driverConfig(settings configuration.Database, address string, forWrites bool, logger *slog.Logger) (*mysql.Config, error) {
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
	config.RejectReadOnly = forWrites
	if forWrites {
		config.Params = map[string]string{lockWaitSetting: strconv.Itoa(int(longestRowWait.Seconds()))}
		if settings.PrimaryMoves() {
			config.Params[waitTimeout] = strconv.Itoa(int(primarySilence.Seconds()))
		}
	}
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

func (dl driverLogger) Print(words ...any) {
	dl.logger.Debug("the MySQL driver reports a problem", "error", fmt.Sprint(words...))
}
