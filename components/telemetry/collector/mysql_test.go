package main

import (
	"database/sql/driver"
	"errors"
	"net"
	"path/filepath"
	"testing"

	"github.com/DATA-DOG/go-sqlmock"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestAMembersFiguresAreForgottenWhenItIsAwayButNotThatItIsAway(t *testing.T) {
	pool, server, err := sqlmock.New(sqlmock.QueryMatcherOption(sqlmock.QueryMatcherEqual))
	must(t, err)
	columns := []string{"connections", "most", "writable", "replicates", "lag"}
	asked := func(row ...driver.Value) {
		server.ExpectQuery(memberQuery).WillReturnRows(sqlmock.NewRows(columns).AddRow(row...))
	}
	registry := prometheus.NewRegistry()
	members, err := newMySQLMetrics(mysqlConfiguration{}, registry)
	must(t, err)
	seen := func(when string, wanted map[string]float64) {
		t.Helper()
		for name, gauge := range map[string]*prometheus.GaugeVec{
			"up": members.up, "connections": members.connections, "most": members.maxConnections,
			"writable": members.writable, "replicates": members.replicates, "lag": members.lag,
		} {
			value, known := wanted[name]
			if count := testutil.CollectAndCount(gauge); (count == 1) != known {
				t.Errorf("%s: %s has %d series", when, name, count)
			} else if known && testutil.ToFloat64(gauge) != value {
				t.Errorf("%s: %s is %v, not %v", when, name, testutil.ToFloat64(gauge), value)
			}
		}
	}

	asked("7", 200, 0, 1, "2.5")
	must(t, members.ask(t.Context(), "east", pool))
	seen("a replica", map[string]float64{"up": 1, "connections": 7, "most": 200, "writable": 0, "replicates": 1, "lag": 2.5})

	asked("9", 200, 1, nil, "0.0")
	must(t, members.ask(t.Context(), "east", pool))
	seen("a primary", map[string]float64{"up": 1, "connections": 9, "most": 200, "writable": 1})

	server.ExpectQuery(memberQuery).WillReturnError(errors.New("too many connections"))
	if members.ask(t.Context(), "east", pool) == nil {
		t.Error("it answers")
	}
	seen("away", map[string]float64{"up": 0, "writable": 0})
	must(t, server.ExpectationsWereMet())
}

func TestAMemberThatIsNotThereIsDownAfterOneAttempt(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	must(t, listener.Close())
	pool, err := memberPool(listener.Addr().String(), "monitoring", "password", nil)
	must(t, err)
	t.Cleanup(func() { _ = pool.Close() })
	members, err := newMySQLMetrics(mysqlConfiguration{}, prometheus.NewRegistry())
	must(t, err)
	if members.ask(t.Context(), "east", pool) == nil {
		t.Error("it answers")
	}
	if got := testutil.ToFloat64(members.up.WithLabelValues("east")); got != 0 {
		t.Errorf("%v", got)
	}
}

func TestWithoutItsPasswordTheCollectorDoesNotStart(t *testing.T) {
	given := mysqlConfiguration{Members: map[string]string{"east": "mysql-east:3306"}, Password: filepath.Join(t.TempDir(), "password")}
	if _, err := newMySQLMetrics(given, prometheus.NewRegistry()); err == nil {
		t.Error("it starts")
	}
}

func TestTheDiskOfTheEnginesFolderIsMeasured(t *testing.T) {
	disk := newEngineDisk(t.TempDir())
	if count := testutil.CollectAndCount(disk, "engine_disk_free_bytes", "engine_disk_size_bytes"); count != 2 {
		t.Errorf("%d series", count)
	}
	if count := testutil.CollectAndCount(newEngineDisk("/not/there")); count != 0 {
		t.Errorf("%d series of a folder that is not there", count)
	}
}
