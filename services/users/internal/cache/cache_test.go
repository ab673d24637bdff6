package cache

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
)

func TestARowIsAskedForOnceWhileItIsFresh(t *testing.T) {
	database := newTable()
	database.write(1, "Ada")
	valkey := miniredis.RunT(t)
	one, other := newReplica(t, database, Server{Address: valkey.Addr()}), newReplica(t, database, Server{Address: valkey.Addr()})
	one.awaitListening(t, true)
	for range 10 {
		one.reads(t, 1)
		other.reads(t, 1)
	}
	if asked := database.asked.Load(); asked != 1 {
		t.Errorf("the database was asked %d times", asked)
	}
	if one.looks["local hit"] != 9 || other.looks["shared hit"] != 1 {
		t.Errorf("%v, %v", one.looks, other.looks)
	}
	one.later(ttl)
	one.reads(t, 1)
	if asked := database.asked.Load(); asked != 2 {
		t.Errorf("after the TTL the database was asked %d times", asked)
	}
}

func TestManyReadersOfOneRowAskTheDatabaseOnce(t *testing.T) {
	database := newTable()
	database.write(1, "Ada")
	release := make(chan struct{})
	database.set(func(tb *table) { tb.hold = release })
	r := newReplica(t, database, Server{})
	var readers sync.WaitGroup
	for range 50 {
		readers.Go(func() {
			if entry, _, err := r.Get(context.Background(), 1, 0); err != nil || entry.Value.Name != "Ada" {
				t.Error(entry, err)
			}
		})
	}
	eventually(t, "all wait", func() bool { r.counts.mutex.Lock(); defer r.counts.mutex.Unlock(); return r.looks["local miss"] == 50 })
	close(release)
	readers.Wait()
	if asked := database.asked.Load(); asked != 1 {
		t.Errorf("the database was asked %d times", asked)
	}
}

func TestAReadThatBeganBeforeAChangeDoesNotBringTheOldRowBack(t *testing.T) {
	database := newTable()
	database.write(1, "old")
	valkey := miniredis.RunT(t)
	reader, writer := newReplica(t, database, Server{Address: valkey.Addr()}), newReplica(t, database, Server{Address: valkey.Addr()})
	reader.awaitListening(t, true)
	writer.awaitListening(t, true)
	release := make(chan struct{})
	database.set(func(tb *table) { tb.hold = release })
	read := make(chan string)
	go func() { read <- reader.reads(t, 1) }()
	eventually(t, "it has read", func() bool { return database.asked.Load() == 1 })
	writer.Changed(t.Context(), 1, database.write(1, "new"))
	eventually(t, "the reader has heard", func() bool { _, known := reader.local.get("1"); return known })
	close(release)
	if name := <-read; name != "new" {
		t.Errorf("the slow reader got %q", name)
	}
	database.set(func(tb *table) { tb.hold = nil })
	for _, r := range []*replica{reader, writer, newReplica(t, database, Server{Address: valkey.Addr()})} {
		if name := r.reads(t, 1); name != "new" {
			t.Errorf("then one got %q", name)
		}
	}
}

func TestAReaderAfterAWriteJoinsNoQuestionFromBefore(t *testing.T) {
	database := newTable()
	database.write(1, "old")
	release := make(chan struct{})
	database.set(func(tb *table) { tb.hold = release })
	// Nothing is fresh, as without Valkey: only the database tells.
	r := newReplica(t, database, Server{}, func(o *Options[person]) { o.Unheard, o.Patience = 0, time.Minute })
	before := make(chan string)
	go func() { before <- r.reads(t, 1) }()
	eventually(t, "it has read", func() bool { return database.asked.Load() == 1 })
	r.Changed(t.Context(), 1, database.write(1, "new"))
	database.set(func(tb *table) { tb.hold = nil })
	if name := r.reads(t, 1); name != "new" {
		t.Errorf("the writer read %q", name)
	}
	close(release)
	if name := <-before; name != "new" {
		t.Errorf("the reader from before got %q, although the change was known by then", name)
	}
}

func TestAChangeIsReadNewInEveryReplicaOfEveryRegion(t *testing.T) {
	database := newTable()
	_, _, replicas := regions(t, database)
	database.write(1, "0")
	for _, r := range replicas {
		r.reads(t, 1)
	}
	asked := database.asked.Load()
	for round := range 50 {
		name := fmt.Sprint(round)
		replicas[round%len(replicas)].Changed(t.Context(), 1, database.write(1, name))
		for _, r := range replicas {
			eventually(t, "the new row", func() bool { return r.reads(t, 1) == name })
		}
	}
	// A machine that is busy for long may lose a subscription, but hardly each time.
	if more := database.asked.Load() - asked; more > 10 {
		t.Errorf("the database was asked %d times for 50 rows that were told to four replicas", more)
	}
}

func TestWhoWroteReadsHisRowWhereTheChangeHasNotArrived(t *testing.T) {
	database := newTable()
	valkey, elsewhere := miniredis.RunT(t), miniredis.RunT(t)
	here, there := newReplica(t, database, Server{Address: valkey.Addr()}), newReplica(t, database, Server{Address: elsewhere.Addr()})
	there.awaitListening(t, true)
	database.write(1, "old")
	there.reads(t, 1)
	written := database.write(1, "new")
	here.Changed(t.Context(), 1, written)
	if name := there.reads(t, 1); name != "old" {
		t.Fatalf("somebody told: %q", name)
	}
	if entry, _, err := there.Get(t.Context(), 1, written.Version); err != nil || entry.Value.Name != "new" {
		t.Errorf("%+v, %v", entry, err)
	}
	if name := there.reads(t, 1); name != "new" {
		t.Errorf("afterwards others read %q", name)
	}
}

func TestALostChangeIsHiddenNoLongerThanTheTTL(t *testing.T) {
	database := newTable()
	r := newReplica(t, database, Server{Address: miniredis.RunT(t).Addr()})
	r.awaitListening(t, true)
	database.write(1, "old")
	r.reads(t, 1)
	database.write(1, "new")
	r.later(ttl)
	if name := r.reads(t, 1); name != "new" {
		t.Errorf("%q", name)
	}
}

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
	eventually(t, "it is given up", func() bool { r.counts.mutex.Lock(); defer r.counts.mutex.Unlock(); return r.lost == 1 })
}

func TestADeletedRowStaysDeletedAndAMissingOneMayBeMade(t *testing.T) {
	database := newTable()
	_, _, replicas := regions(t, database)
	written := database.write(1, "Ada")
	for _, r := range replicas {
		r.reads(t, 1)
	}
	replicas[0].Changed(t.Context(), 1, database.remove(1))
	for _, r := range replicas {
		eventually(t, "nobody", func() bool { return r.reads(t, 1) == "nobody" })
	}
	// A change that was on its way for long.
	replicas[1].hear(replicas[1].prefix + "1 " + must(written.text()))
	if name := replicas[1].reads(t, 1); name != "nobody" {
		t.Errorf("%q came back", name)
	}

	asked := database.asked.Load()
	for range 5 {
		if name := replicas[3].reads(t, 2); name != "nobody" {
			t.Fatal(name)
		}
	}
	if more := database.asked.Load() - asked; more != 1 {
		t.Errorf("the database was asked %d times for nobody", more)
	}
	replicas[0].Changed(t.Context(), 2, database.write(2, "Grace"))
	eventually(t, "she was made", func() bool { return replicas[3].reads(t, 2) == "Grace" })
}

func TestARowThatVanishedUnheardOfIsGone(t *testing.T) {
	database := newTable()
	r := newReplica(t, database, Server{})
	database.write(1, "Ada")
	r.reads(t, 1)
	database.remove(1)
	r.later(ttl)
	if name := r.reads(t, 1); name != "nobody" {
		t.Error(name)
	}
}

func TestTheLastKnownRowIsAnsweredWhileTheDatabaseIsAway(t *testing.T) {
	for name, away := range map[string]func(*table){
		"it refuses": func(tb *table) { tb.away = true },
		"it hangs":   func(tb *table) { tb.hold = make(chan struct{}) },
	} {
		t.Run(name, func(t *testing.T) {
			database := newTable()
			valkey := miniredis.RunT(t)
			impatient := func(o *Options[person]) { o.Patience = 50 * time.Millisecond }
			r := newReplica(t, database, Server{Address: valkey.Addr()}, impatient)
			r.awaitListening(t, true)
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
	r := newReplica(t, database, Server{Address: miniredis.RunT(t).Addr()})
	r.awaitListening(t, true)
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
	valkey := miniredis.RunT(t)
	r := newReplica(t, database, Server{Address: valkey.Addr()})
	r.awaitListening(t, true)
	database.write(1, "Ada")
	r.reads(t, 1)
	valkey.FlushAll()
	r.later(ttl)
	if name := r.reads(t, 1); name != "Ada" || !valkey.Exists(r.prefix+"1") {
		t.Error(name, valkey.Keys())
	}
}

func TestTheMemoryOfAProcessIsBounded(t *testing.T) {
	database := newTable()
	r := newReplica(t, database, Server{})
	for id := range uint64(20_000) {
		r.local.put(fmt.Sprint(id), database.write(id, "Ada"), 0)
	}
	eventually(t, "the limit", func() bool {
		r.local.entries.CleanUp()
		_, bytes := r.Sizes()
		return bytes <= 1<<20
	})
	if entries, _ := r.Sizes(); entries < 1000 {
		t.Errorf("only %v entries are left", entries)
	}
}

func TestAnEntryThatIsTooLargeIsRefused(t *testing.T) {
	if _, err := (Entry[person]{Value: person{string(make([]byte, largestEntry))}, Version: 1}).text(); err == nil {
		t.Error("it was written")
	}
}

func TestRowsThatLookDifferentHaveKeysOfTheirOwn(t *testing.T) {
	type renamed struct {
		Name string `json:"full_name"`
	}
	one, again, other := schema[person](), schema[person](), schema[renamed]()
	if one == other || one != again {
		t.Error(one, again, other)
	}
}

// Replicas read and write the same rows at the same time, over Valkeys that come
// and go; nobody ever sees a row go back.
func TestNoReaderSeesARowGoBack(t *testing.T) {
	database := newTable()
	east, west, replicas := regions(t, database)
	const rows = 4
	var all sync.WaitGroup
	stop, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	for _, r := range replicas {
		all.Go(func() {
			for stop.Err() == nil {
				id := rand.Uint64N(rows)
				r.Changed(context.Background(), id, database.write(id, "x"))
				time.Sleep(time.Millisecond)
			}
		})
		for range 2 {
			all.Go(func() {
				var seen [rows]int64
				for stop.Err() == nil {
					id := rand.Uint64N(rows)
					entry, _, err := r.Get(context.Background(), id, 0)
					if err != nil || entry.Version < seen[id] {
						t.Errorf("row %d: version %d after %d, %v", id, entry.Version, seen[id], err)
						return
					}
					seen[id] = entry.Version
				}
			})
		}
	}
	all.Go(func() {
		for _, valkey := range []*miniredis.Miniredis{east, west, east} {
			time.Sleep(300 * time.Millisecond)
			valkey.Close()
			time.Sleep(200 * time.Millisecond)
			if err := valkey.Restart(); err != nil && !errors.Is(err, net.ErrClosed) {
				t.Error(err)
			}
		}
	})
	all.Wait()
	for id := range uint64(rows) {
		newest, _ := database.load(t.Context(), id, 0)
		for _, r := range replicas {
			eventually(t, "all agree", func() bool {
				entry, _, err := r.Get(t.Context(), id, 0)
				return err == nil && entry.Version == newest.Version
			})
		}
	}
}

func must(text string, err error) string {
	if err != nil {
		panic(err)
	}
	return text
}
