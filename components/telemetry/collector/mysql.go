package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"fmt"
	"log"
	"net"
	"os"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/prometheus/client_golang/prometheus"
)

const (
	mysqlPause   = 5 * time.Second
	mysqlTimeout = 3 * time.Second
)

// memberQuery asks a member about itself; a primary that nobody follows neither replicates nor lags (NULL). How late a
// replica is: how long ago the transaction that it applies now was committed at first.
const memberQuery = `SELECT
  (SELECT VARIABLE_VALUE FROM performance_schema.global_status WHERE VARIABLE_NAME = 'Threads_connected'),
  @@GLOBAL.max_connections,
  NOT @@GLOBAL.super_read_only,
  COALESCE(
    (SELECT MEMBER_STATE = 'ONLINE' FROM performance_schema.replication_group_members WHERE MEMBER_ID = @@server_uuid),
    (SELECT receiver.SERVICE_STATE = 'ON' AND applier.SERVICE_STATE = 'ON'
       FROM performance_schema.replication_connection_status AS receiver
       JOIN performance_schema.replication_applier_status AS applier USING (CHANNEL_NAME) WHERE CHANNEL_NAME = ''),
    IF(@@GLOBAL.super_read_only, 0, NULL)),
  COALESCE(
    (SELECT MAX(TIMESTAMPDIFF(MICROSECOND, APPLYING_TRANSACTION_ORIGINAL_COMMIT_TIMESTAMP, NOW(6)))
       FROM performance_schema.replication_applier_status_by_worker
       WHERE APPLYING_TRANSACTION <> '' AND SERVICE_STATE = 'ON'), 0) / 1e6`

// mysqlConfiguration is how the members of the database are asked.
type mysqlConfiguration struct {
	// Members is place to host and port.
	Members map[string]string
	// User is an account that may read how replication goes, and no row.
	User string
	// Password and Authority are files: its password, and the certificate of who signed the members'.
	Password, Authority string
}

// mysqlMetrics keep one connection to each member: they are known as well when every other one is taken.
type mysqlMetrics struct {
	pools                                                      map[string]*sql.DB
	up, connections, maxConnections, writable, replicates, lag *prometheus.GaugeVec
}

func newMySQLMetrics(given mysqlConfiguration, registry prometheus.Registerer) (*mysqlMetrics, error) {
	gauge := func(name, help string) *prometheus.GaugeVec {
		made := prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: name, Help: help, ConstLabels: prometheus.Labels{"service": "mysql"},
		}, []string{"region"})
		registry.MustRegister(made)
		return made
	}
	made := &mysqlMetrics{
		pools:          map[string]*sql.DB{},
		up:             gauge("mysql_up", "1 when the member of a region answers."),
		connections:    gauge("mysql_connections", "Connections that the member has."),
		maxConnections: gauge("mysql_max_connections", "Connections that the member takes."),
		writable:       gauge("mysql_writable", "1 when the member takes writes: it is the primary."),
		replicates:     gauge("mysql_replicates", "1 when the member is in its group, or follows its primary; none for a primary without a group."),
		lag:            gauge("mysql_replication_lag_seconds", "How long ago the transaction that the member applies now was committed at the primary."),
	}
	if len(given.Members) == 0 {
		return made, nil
	}
	password, err := os.ReadFile(given.Password)
	if err != nil {
		return nil, err
	}
	authority, err := os.ReadFile(given.Authority)
	if err != nil {
		return nil, err
	}
	trusted := x509.NewCertPool()
	if !trusted.AppendCertsFromPEM(authority) {
		return nil, fmt.Errorf("%s holds no certificate", given.Authority)
	}
	for place, address := range given.Members {
		if made.pools[place], err = memberPool(address, given.User, strings.TrimSpace(string(password)), trusted); err != nil {
			return nil, err
		}
	}
	return made, nil
}

func memberPool(address, user, password string, trusted *x509.CertPool) (*sql.DB, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	config := mysql.NewConfig()
	config.Net, config.Addr, config.User, config.Passwd = "tcp", address, user, password
	config.Timeout, config.ReadTimeout = mysqlTimeout, mysqlTimeout
	config.TLS = &tls.Config{RootCAs: trusted, ServerName: host, MinVersion: tls.VersionTLS12}
	// A member that is away is said once, by run.
	config.Logger = &mysql.NopLogger{}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, err
	}
	pool := sql.OpenDB(connector)
	pool.SetMaxOpenConns(1)
	return pool, nil
}

func (m *mysqlMetrics) run(ctx context.Context) {
	for place, pool := range m.pools {
		go m.watch(ctx, place, pool)
	}
}

func (m *mysqlMetrics) watch(ctx context.Context, place string, pool *sql.DB) {
	defer func() { _ = pool.Close() }()
	silent := false
	for ctx.Err() == nil {
		err := m.ask(ctx, place, pool)
		if err != nil && !silent && ctx.Err() == nil {
			log.Printf("the MySQL member of %s cannot be asked: %v", place, err)
		}
		silent = err != nil
		select {
		case <-ctx.Done():
		case <-time.After(mysqlPause):
		}
	}
}

func (m *mysqlMetrics) ask(ctx context.Context, place string, pool *sql.DB) error {
	ctx, cancel := context.WithTimeout(ctx, mysqlTimeout)
	defer cancel()
	var connections, most, writable float64
	var replicates, lag sql.NullFloat64
	if err := pool.QueryRowContext(ctx, memberQuery).Scan(&connections, &most, &writable, &replicates, &lag); err != nil {
		// What does not answer takes no write; how many connections it has, nobody knows.
		m.up.WithLabelValues(place).Set(0)
		m.writable.WithLabelValues(place).Set(0)
		for _, unknown := range []*prometheus.GaugeVec{m.connections, m.maxConnections, m.replicates, m.lag} {
			unknown.DeleteLabelValues(place)
		}
		return err
	}
	m.up.WithLabelValues(place).Set(1)
	m.writable.WithLabelValues(place).Set(writable)
	m.connections.WithLabelValues(place).Set(connections)
	m.maxConnections.WithLabelValues(place).Set(most)
	if !replicates.Valid {
		m.replicates.DeleteLabelValues(place)
		m.lag.DeleteLabelValues(place)
		return nil
	}
	m.replicates.WithLabelValues(place).Set(replicates.Float64)
	m.lag.WithLabelValues(place).Set(lag.Float64)
	return nil
}
