package database

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-sql-driver/mysql"
)

var errRefused = errors.New("connection refused")

// group is three members of which one is writable; some may be away or hang.
type group struct {
	mutex    sync.Mutex
	writable string
	away     map[string]bool
	hanging  map[string]bool
	dialled  []string
	open     atomic.Int64
}

func (g *group) set(change func()) { g.mutex.Lock(); defer g.mutex.Unlock(); change() }

func (g *group) attempts() string {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	return strings.Join(g.dialled, " ")
}

func (g *group) connect(ctx context.Context, address string) (*member, error) {
	g.mutex.Lock()
	g.dialled = append(g.dialled, address)
	away, hanging := g.away[address], g.hanging[address]
	g.mutex.Unlock()
	if hanging {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if away {
		return nil, errRefused
	}
	g.open.Add(1)
	return &member{group: g, address: address}, nil
}

// member is a connection to a member of the group.
type member struct {
	driverConnection
	group   *group
	address string
	broken  atomic.Bool
}

func (m *member) QueryContext(context.Context, string, []driver.NamedValue) (driver.Rows, error) {
	m.group.mutex.Lock()
	defer m.group.mutex.Unlock()
	value := []byte("1")
	if m.group.writable == m.address {
		value = []byte("0")
	}
	return &oneRow{value: value}, nil
}
func (m *member) IsValid() bool                      { return !m.broken.Load() }
func (m *member) ResetSession(context.Context) error { return nil }
func (m *member) Close() error                       { m.group.open.Add(-1); return nil }
func (m *member) Ping(context.Context) error         { return nil }

type oneRow struct{ value []byte }

func (*oneRow) Columns() []string { return []string{"x"} }
func (*oneRow) Close() error      { return nil }
func (or *oneRow) Next(values []driver.Value) error {
	if or.value == nil {
		return io.EOF
	}
	values[0], or.value = or.value, nil
	return nil
}

type primaryBench struct {
	*group
	*memberConnector
	memory  *primary
	log     *lockedBuffer
	changes atomic.Int64
	asked   atomic.Int64
}

type lockedBuffer struct {
	mutex sync.Mutex
	bytes.Buffer
}

func (lb *lockedBuffer) Write(text []byte) (int, error) {
	lb.mutex.Lock()
	defer lb.mutex.Unlock()
	return lb.Buffer.Write(text)
}

// newPrimaryBench answers "who is the primary" with the given addresses.
func newPrimaryBench(located ...string) *primaryBench {
	bench := &primaryBench{group: &group{writable: "a:1", away: map[string]bool{}, hanging: map[string]bool{}}, log: &lockedBuffer{}}
	bench.memory = &primary{logger: slog.New(slog.NewTextHandler(bench.log, nil)), changed: func() { bench.changes.Add(1) }}
	bench.memberConnector = &memberConnector{
		members: []string{"a:1", "b:2", "c:3"},
		first:   bench.memory.address,
		locate: func(context.Context) <-chan string {
			bench.asked.Add(1)
			found := make(chan string, len(located))
			for _, address := range located {
				found <- address
			}
			close(found)
			return found
		},
		connect: func(ctx context.Context, address string) (driver.Conn, error) {
			opened, err := bench.group.connect(ctx, address)
			if err != nil {
				return nil, err
			}
			if err := writable(ctx, opened); err != nil {
				return nil, errors.Join(err, opened.Close())
			}
			return &primaryConnection{opened, address, bench.memory}, nil
		},
		connected: bench.memory.found,
		failed:    bench.memory.forget,
		timeout:   time.Minute,
	}
	return bench
}

func (pb *primaryBench) connectedTo(t *testing.T) *primaryConnection {
	t.Helper()
	connection, err := pb.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return connection.(*primaryConnection)
}

func TestThePrimaryIsFound(t *testing.T) {
	for name, test := range map[string]struct {
		located  []string
		prepare  func(*group)
		expected string
		// alone says that no other member was bothered.
		alone bool
	}{
		"where Consul says":                        {[]string{"a:1"}, nil, "a:1", true},
		"among what several datacenters say":       {[]string{"b:2", "a:1"}, nil, "a:1", false},
		"although Consul knows an old one":         {[]string{"b:2"}, nil, "a:1", false},
		"although Consul knows one that is gone":   {[]string{"b:2"}, func(g *group) { g.away["b:2"] = true }, "a:1", false},
		"although Consul knows one that hangs":     {[]string{"b:2"}, func(g *group) { g.hanging["b:2"] = true }, "a:1", false},
		"without Consul":                           {nil, nil, "a:1", false},
		"without Consul and with two members gone": {nil, func(g *group) { g.away["b:2"], g.hanging["c:3"] = true, true }, "a:1", false},
		"outside of the list that the service has": {[]string{"d:4"}, func(g *group) { g.writable = "d:4" }, "d:4", true},
	} {
		t.Run(name, func(t *testing.T) {
			bench := newPrimaryBench(test.located...)
			if test.prepare != nil {
				test.prepare(bench.group)
			}
			if found := bench.connectedTo(t); found.address != test.expected {
				t.Errorf("connected to %s", found.address)
			}
			if test.alone && bench.group.attempts() != test.expected {
				t.Errorf("tried %s", bench.group.attempts())
			}
		})
	}
}

func TestALostRaceLeavesNoConnectionOpen(t *testing.T) {
	bench := newPrimaryBench()
	_ = bench.connectedTo(t).Close()
	for deadline := time.Now().Add(10 * time.Second); bench.group.open.Load() != 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d connections are open", bench.group.open.Load())
		}
	}
}

func TestWithoutAPrimaryTheErrorTellsWhatEveryMemberSaidAndIsAnOutage(t *testing.T) {
	bench := newPrimaryBench("a:1")
	bench.group.writable = ""
	bench.group.away["c:3"] = true
	bench.memberConnector.connect = func(ctx context.Context, address string) (driver.Conn, error) {
		if address == "b:2" {
			return nil, &mysql.MySQLError{Number: 1049, Message: "no such schema"}
		}
		if _, err := bench.group.connect(ctx, address); err != nil {
			return nil, err
		}
		return nil, errNotPrimary
	}
	_, err := bench.Connect(t.Context())
	if !IsUnavailable(err) {
		t.Errorf("not an outage: %v", err)
	}
	for _, part := range []string{"a:1: it is read-only", "b:2: Error 1049", "c:3: connection refused"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not in %q", part, err)
		}
	}
}

func TestMembersThatHangCostNoMoreThanTheTimeout(t *testing.T) {
	bench := newPrimaryBench()
	for _, address := range bench.members {
		bench.group.hanging[address] = true
	}
	bench.timeout = time.Millisecond
	if _, err := bench.Connect(t.Context()); !IsUnavailable(err) {
		t.Errorf("got %v", err)
	}
}

func TestAConsulThatDoesNotAnswerHoldsAConnectionUpForNoMoreThanTheHeadStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bench := newPrimaryBench()
		silent := make(chan string)
		bench.memberConnector.locate = func(context.Context) <-chan string { return silent }
		connect := func() time.Duration {
			began := time.Now()
			bench.connectedTo(t)
			synctest.Wait()
			return time.Since(began)
		}
		if unknown := connect(); unknown != headStart {
			t.Errorf("an unknown primary was found after %s", unknown)
		}
		if known := connect(); known != 0 {
			t.Errorf("the last known primary was found after %s", known)
		}
		bench.memory.forget("a:1")
		if doubted := connect(); doubted != headStart {
			t.Errorf("one to which a connection broke was found after %s", doubted)
		}
	})
}

func TestTheKnownPrimaryIsReusedUntilAConnectionFailsOrBreaks(t *testing.T) {
	for name, lose := range map[string]func(*primaryBench, *primaryConnection){
		"it became read-only": func(bench *primaryBench, _ *primaryConnection) {
			bench.group.set(func() { bench.group.writable = "b:2" })
		},
		"it is gone": func(bench *primaryBench, _ *primaryConnection) {
			bench.group.set(func() { bench.group.writable, bench.group.away["a:1"] = "b:2", true })
		},
		"a connection to it broke": func(bench *primaryBench, connection *primaryConnection) {
			bench.group.set(func() { bench.group.writable = "b:2" })
			connection.driverConnection.(*member).broken.Store(true)
			_ = connection.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			bench := newPrimaryBench("a:1")
			first := bench.connectedTo(t)
			bench.connectedTo(t)
			if asked := bench.asked.Load(); asked != 1 {
				t.Errorf("Consul was asked %d times for two connections", asked)
			}
			lose(bench, first)
			if found := bench.connectedTo(t); found.address != "b:2" {
				t.Errorf("connected to %s", found.address)
			}
			if asked := bench.asked.Load(); asked != 2 {
				t.Errorf("Consul was asked %d times after the loss", asked)
			}
		})
	}
}

func TestAChangeOfThePrimaryIsToldOnce(t *testing.T) {
	bench := newPrimaryBench()
	bench.connectedTo(t)
	bench.connectedTo(t)
	if bench.changes.Load() != 0 {
		t.Errorf("the first primary counted as a change: %d", bench.changes.Load())
	}
	bench.group.set(func() { bench.group.writable = "b:2" })
	bench.connectedTo(t)
	bench.connectedTo(t)
	if bench.changes.Load() != 1 || strings.Count(bench.log.String(), "primary changed") != 1 || !strings.Contains(bench.log.String(), "address=b:2 before=a:1") {
		t.Errorf("%d changes, log: %s", bench.changes.Load(), bench.log)
	}
}

func TestPooledConnectionsToAnOldPrimaryAreNotUsedAgain(t *testing.T) {
	bench := newPrimaryBench()
	old := bench.connectedTo(t)
	if err := old.ResetSession(t.Context()); err != nil {
		t.Errorf("a good one was refused: %v", err)
	}
	bench.group.set(func() { bench.group.writable = "b:2" })
	bench.connectedTo(t)
	if err := old.ResetSession(t.Context()); !errors.Is(err, driver.ErrBadConn) {
		t.Errorf("got %v", err)
	}
}

func TestAPoolMovesToTheNewPrimary(t *testing.T) {
	bench := newPrimaryBench()
	pool := sql.OpenDB(bench.memberConnector)
	defer func() { _ = pool.Close() }()
	for _, address := range []string{"a:1", "c:3", "b:2"} {
		bench.group.set(func() {
			bench.group.away = map[string]bool{bench.group.writable: bench.group.writable != address}
			bench.group.writable = address
		})
		bench.memory.forget(bench.memory.address())
		connection, err := bench.Connect(t.Context())
		if err != nil || connection.(*primaryConnection).address != address {
			t.Fatalf("%v, %v", connection, err)
		}
		if err := pool.PingContext(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestReadsGoToTheNearestMemberAndToAnotherOneWhileItIsAway(t *testing.T) {
	members := &group{away: map[string]bool{}, hanging: map[string]bool{}}
	connector := &memberConnector{
		members:   []string{"a:1", "b:2"},
		first:     func() string { return "b:2" },
		connect:   func(ctx context.Context, address string) (driver.Conn, error) { return members.connect(ctx, address) },
		connected: func(string) {}, failed: func(string) {}, timeout: time.Minute,
	}
	for _, step := range []struct {
		away, expected string
	}{{"", "b:2"}, {"b:2", "a:1"}, {"a:1", "b:2"}} {
		members.set(func() { members.away = map[string]bool{step.away: true} })
		connection, err := connector.Connect(t.Context())
		if err != nil || connection.(*member).address != step.expected {
			t.Errorf("without %q: %v, %v", step.away, connection, err)
		}
	}
}

func TestAGroupOfWhichNoMemberIsThereIsToldFromOneWithoutAPrimary(t *testing.T) {
	gone := &net.OpError{Op: "dial", Err: errRefused}
	for name, test := range map[string]struct {
		said    map[string]error
		allAway bool
	}{
		"all are gone":         {map[string]error{"a:1": gone, "b:2": gone, "c:3": gone}, true},
		"one takes no writes":  {map[string]error{"a:1": gone, "b:2": errNotPrimary, "c:3": gone}, false},
		"one is slow to greet": {map[string]error{"a:1": gone, "b:2": gone, "c:3": context.DeadlineExceeded}, false},
	} {
		t.Run(name, func(t *testing.T) {
			bench := newPrimaryBench()
			bench.memberConnector.connect = func(_ context.Context, address string) (driver.Conn, error) { return nil, test.said[address] }
			_, err := bench.Connect(t.Context())
			if !IsUnavailable(err) || IsAllAway(err) != test.allAway {
				t.Errorf("%v: all away %v", err, IsAllAway(err))
			}
		})
	}
}
