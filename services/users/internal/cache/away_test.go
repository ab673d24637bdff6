package cache

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
)

func TestAChangeReachesARegionWhoseValkeyWasAwayForAWhile(t *testing.T) {
	database := newTable()
	_, west, replicas := regions(t, database)
	database.write(1, "old")
	for _, r := range replicas {
		r.reads(t, 1)
	}
	west.Close()
	replicas[0].Changed(t.Context(), 1, database.write(1, "new"))
	for _, r := range replicas[2:] {
		r.awaitListening(t, false)
		r.later(unheard)
		if name := r.reads(t, 1); name != "new" {
			t.Errorf("without subscription %q was fresh", name)
		}
	}
	replicas[0].Changed(t.Context(), 1, database.write(1, "newest"))
	if err := west.Restart(); err != nil {
		t.Fatal(err)
	}
	for _, r := range replicas[2:] {
		r.awaitListening(t, true)
		eventually(t, "the change that waited", func() bool { return r.reads(t, 1) == "newest" })
	}
	eventually(t, "Valkey has it, too", func() bool {
		text, _ := west.Get(replicas[0].prefix + "1")
		entry, err := parse[person](text)
		return err == nil && entry.Value.Name == "newest"
	})
}

func TestAChangeThatNoValkeyTakesIsCountedAsLost(t *testing.T) {
	database := newTable()
	gone := miniredis.RunT(t)
	address := gone.Addr()
	gone.Close()
	r := newReplica(t, database, Server{Address: address}, func(o *Options[person]) { o.TTL = 100 * time.Millisecond })
	r.Changed(t.Context(), 1, database.write(1, "Ada"))
	eventually(t, "it is given up", func() (yes bool) { r.do(func() { yes = r.lost == 1 }); return yes })
}

func TestTheLastKnownRowIsAnsweredWhileTheDatabaseIsAway(t *testing.T) {
	for name, away := range map[string]func(*table){
		"it refuses": func(tb *table) { tb.away = true },
		"it hangs":   func(tb *table) { tb.held = make(chan struct{}) },
	} {
		t.Run(name, func(t *testing.T) {
			database := newTable()
			impatient := func(o *Options[person]) { o.Patience = 50 * time.Millisecond }
			r, valkey := connected(t, database, impatient)
			database.write(1, "Ada")
			r.reads(t, 1)
			database.set(away)
			r.later(ttl)
			began := time.Now()
			for range 200 {
				if entry, degraded, err := r.Get(t.Context(), 1, 0); err != nil || !degraded || entry.Value.Name != "Ada" {
					t.Fatal(entry, degraded, err)
				}
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("200 answers took %s", took)
			}
			// A process that has just begun finds it in Valkey.
			young := newReplica(t, database, Server{Address: valkey.Addr()}, impatient)
			young.later(ttl)
			if entry, degraded, err := young.Get(t.Context(), 1, 0); err != nil || !degraded || entry.Value.Name != "Ada" {
				t.Error(entry, degraded, err)
			}
			if _, _, err := r.Get(t.Context(), 1, 99); err == nil {
				t.Error("a reader who saw a newer row got the old one")
			}
			r.later(stale)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if _, _, err := r.Get(ctx, 1, 0); err == nil {
				t.Error("it was answered beyond the limit")
			}
		})
	}
}

func TestAfterAnOutageTheDatabaseIsAskedOnceForEachRowAndAnswersAreWholeAgain(t *testing.T) {
	database := newTable()
	r, _ := connected(t, database)
	const rows = 20
	for id := range uint64(rows) {
		database.write(id, "before")
		r.reads(t, id)
	}
	database.set(func(tb *table) { tb.away = true })
	r.later(ttl)
	for range 50 {
		r.reads(t, 1)
	}
	if during := database.asked.Load() - rows; during > 10 {
		t.Errorf("a database that is away was asked %d times by 50 requests", during)
	}
	for id := range uint64(rows) {
		database.write(id, "after")
	}
	database.set(func(tb *table) { tb.away = false })
	asked := database.asked.Load()
	eventually(t, "every row is new", func() bool {
		for id := range uint64(rows) {
			if r.reads(t, id) != "after" {
				return false
			}
		}
		return true
	})
	if more := database.asked.Load() - asked; more != rows {
		t.Errorf("it was asked %d times for %d rows", more, rows)
	}
}

func TestNoRequestFailsOrWaitsForAnIllValkey(t *testing.T) {
	silent := func(t *testing.T) Server {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = listener.Close() })
		return Server{Address: listener.Addr().String(), Timeout: 50 * time.Millisecond}
	}
	for name, server := range map[string]func(*testing.T) Server{
		"it is not there": func(t *testing.T) Server {
			valkey := miniredis.RunT(t)
			defer valkey.Close()
			return Server{Address: valkey.Addr()}
		},
		"it hangs": silent,
		"the password is wrong": func(t *testing.T) Server {
			valkey := miniredis.RunT(t)
			valkey.RequireAuth("right")
			return Server{Address: valkey.Addr(), Password: func() string { return "wrong" }}
		},
		"it holds nonsense": func(t *testing.T) Server {
			valkey := miniredis.RunT(t)
			for id := range 200 {
				_ = valkey.Set(fmt.Sprintf("people:%s:%d", schema[person](), id), "nonsense")
			}
			return Server{Address: valkey.Addr()}
		},
	} {
		t.Run(name, func(t *testing.T) {
			database := newTable()
			r := newReplica(t, database, server(t))
			began := time.Now()
			for id := range uint64(200) {
				database.write(id, "Ada")
				if name := r.reads(t, id); name != "Ada" {
					t.Fatal(name)
				}
				r.Changed(t.Context(), id, database.write(id, "Grace"))
				if name := r.reads(t, id); name != "Grace" {
					t.Fatal(name)
				}
			}
			// The breaker opens after five, and no request is used to ask again.
			if waited := r.looks["shared error"]; waited < 200 {
				t.Errorf("%d of 200 looks failed", waited)
			}
			if took := time.Since(began); name == "it hangs" && took > 400*50*time.Millisecond {
				t.Errorf("it took %s, as if each request had waited", took)
			}
		})
	}
}

func TestAValkeyThatWasEmptiedIsFilledAgain(t *testing.T) {
	database := newTable()
	r, valkey := connected(t, database)
	database.write(1, "Ada")
	r.reads(t, 1)
	valkey.FlushAll()
	r.later(ttl)
	if name := r.reads(t, 1); name != "Ada" || !valkey.Exists(r.prefix+"1") {
		t.Error(name, valkey.Keys())
	}
}
