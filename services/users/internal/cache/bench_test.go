package cache

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
)

var errAway = errors.New("the database is away")

type person struct {
	Name string `json:"name"`
}

// table is a database: each change gives its row the next version.
type table struct {
	mutex sync.Mutex
	rows  map[uint64]Entry[person]
	clock int64
	away  bool
	// held, where it is set, keeps answers back that were read already.
	held  chan struct{}
	asked atomic.Int64
}

func newTable() *table { return &table{rows: map[uint64]Entry[person]{}} }

func (tb *table) write(id uint64, name string) Entry[person] {
	tb.mutex.Lock()
	defer tb.mutex.Unlock()
	tb.clock++
	tb.rows[id] = Entry[person]{Value: person{name}, Version: tb.clock}
	written := tb.rows[id]
	written.Confirmed = time.Now()
	return written
}

func (tb *table) remove(id uint64) Entry[person] {
	tb.mutex.Lock()
	defer tb.mutex.Unlock()
	delete(tb.rows, id)
	return Entry[person]{Version: Gone, Confirmed: time.Now()}
}

func (tb *table) set(change func(*table)) {
	tb.mutex.Lock()
	defer tb.mutex.Unlock()
	change(tb)
}

// hold keeps back what is read from now on until the channel is closed.
func (tb *table) hold() chan struct{} {
	release := make(chan struct{})
	tb.set(func(tb *table) { tb.held = release })
	return release
}

// answers holds nothing back that is read from now on.
func (tb *table) answers() { tb.set(func(tb *table) { tb.held = nil }) }

func (tb *table) load(ctx context.Context, id uint64, _ int64) (Entry[person], error) {
	tb.asked.Add(1)
	tb.mutex.Lock()
	row, away, held := tb.rows[id], tb.away, tb.held
	tb.mutex.Unlock()
	if held != nil {
		select {
		case <-held:
		case <-ctx.Done():
			return Entry[person]{}, errAway
		}
	}
	if away {
		return Entry[person]{}, errAway
	}
	return row, nil
}

// counts is an observer.
type counts struct {
	mutex     sync.Mutex
	looks     map[string]int
	degraded  int
	lost      int
	delays    []time.Duration
	listening bool
}

func (c *counts) do(change func()) { c.mutex.Lock(); defer c.mutex.Unlock(); change() }

func (c *counts) Looked(level, result string)   { c.do(func() { c.looks[level+" "+result]++ }) }
func (c *counts) Answered(time.Duration)        {}
func (c *counts) Degraded()                     { c.do(func() { c.degraded++ }) }
func (c *counts) Invalidated(dur time.Duration) { c.do(func() { c.delays = append(c.delays, dur) }) }
func (c *counts) Lost(string)                   { c.do(func() { c.lost++ }) }
func (c *counts) Listening(yes bool)            { c.do(func() { c.listening = yes }) }
func (c *counts) hears() (yes bool)             { c.do(func() { yes = c.listening }); return yes }

// replica is a cache as one process has it.
type replica struct {
	*Cache[person]
	*counts
	ahead atomic.Int64
}

// later lets time pass for one replica.
func (r *replica) later(passed time.Duration) { r.ahead.Add(int64(passed)) }

const (
	ttl     = 30 * time.Second
	unheard = time.Second
	stale   = 10 * time.Minute
)

// connected is a replica that hears of changes, and the Valkey that tells it of them.
func connected(t *testing.T, database *table, tune ...func(*Options[person])) (*replica, *miniredis.Miniredis) {
	t.Helper()
	valkey := miniredis.RunT(t)
	r := newReplica(t, database, Server{Address: valkey.Addr()}, tune...)
	r.awaitListening(t, true)
	return r, valkey
}

// newReplica may not hear of changes yet.
func newReplica(t *testing.T, database *table, server Server, tune ...func(*Options[person])) *replica {
	t.Helper()
	r := &replica{counts: &counts{looks: map[string]int{}}}
	if server.Timeout == 0 {
		// A busy machine is no ill Valkey.
		server.Timeout = 10 * time.Second
	}
	if server.Password == nil {
		server.Password = func() string { return "" }
	}
	options := Options[person]{
		Name: "people", Server: server, TTL: ttl, Unheard: unheard, MaximumStale: stale,
		Patience: 20 * time.Second, LoadTimeout: 5 * time.Second, LocalBytes: 1 << 20,
		Size: func(p person) int { return len(p.Name) }, Load: database.load,
		IsOutage: func(err error) bool { return errors.Is(err, errAway) },
		Observer: r.counts, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
	for _, change := range tune {
		change(&options)
	}
	made, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	made.now = func() time.Time { return time.Now().Add(time.Duration(r.ahead.Load())) }
	r.Cache = made
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { made.Run(ctx); close(ended) }()
	t.Cleanup(func() { cancel(); <-ended })
	return r
}

func (r *replica) awaitListening(t *testing.T, yes bool) {
	t.Helper()
	eventually(t, "the subscription", func() bool { return r.hears() == yes })
}

// reads fails the test where a read fails.
func (r *replica) reads(t *testing.T, id uint64) string {
	t.Helper()
	entry, _, err := r.Get(t.Context(), id, 0)
	if err != nil {
		t.Fatal(err)
	}
	if !entry.Exists() {
		return "nobody"
	}
	return entry.Value.Name
}

func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !so(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within 20 s", what)
		}
	}
}

// regions are two Valkeys and two replicas of a service at each.
func regions(t *testing.T, database *table) (east, west *miniredis.Miniredis, replicas []*replica) {
	t.Helper()
	east, west = miniredis.RunT(t), miniredis.RunT(t)
	for _, pair := range [][2]string{{east.Addr(), west.Addr()}, {west.Addr(), east.Addr()}} {
		for range 2 {
			r := newReplica(t, database, Server{Address: pair[0], Peers: pair[1:]})
			r.awaitListening(t, true)
			replicas = append(replicas, r)
		}
	}
	return east, west, replicas
}
