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
	one, valkey := connected(t, database)
	other := newReplica(t, database, Server{Address: valkey.Addr()})
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
	release := database.hold()
	r := newReplica(t, database, Server{})
	var readers sync.WaitGroup
	for range 50 {
		readers.Go(func() {
			if entry, _, err := r.Get(context.Background(), 1, 0); err != nil || entry.Value.Name != "Ada" {
				t.Error(entry, err)
			}
		})
	}
	eventually(t, "all wait", func() (yes bool) { r.do(func() { yes = r.looks["local miss"] == 50 }); return yes })
	close(release)
	readers.Wait()
	if asked := database.asked.Load(); asked != 1 {
		t.Errorf("the database was asked %d times", asked)
	}
}

func TestAReadThatBeganBeforeAChangeDoesNotBringTheOldRowBack(t *testing.T) {
	database := newTable()
	database.write(1, "old")
	reader, valkey := connected(t, database)
	writer := newReplica(t, database, Server{Address: valkey.Addr()})
	writer.awaitListening(t, true)
	release := database.hold()
	read := make(chan string)
	go func() { read <- reader.reads(t, 1) }()
	eventually(t, "it has read", func() bool { return database.asked.Load() == 1 })
	writer.Changed(t.Context(), 1, database.write(1, "new"))
	eventually(t, "the reader has heard", func() bool { _, known := reader.local.get("1"); return known })
	close(release)
	if name := <-read; name != "new" {
		t.Errorf("the slow reader got %q", name)
	}
	database.answers()
	for _, r := range []*replica{reader, writer, newReplica(t, database, Server{Address: valkey.Addr()})} {
		if name := r.reads(t, 1); name != "new" {
			t.Errorf("then one got %q", name)
		}
	}
}

func TestAReaderAfterAWriteJoinsNoQuestionFromBefore(t *testing.T) {
	database := newTable()
	database.write(1, "old")
	release := database.hold()
	// Nothing is fresh, as without Valkey: only the database tells.
	r := newReplica(t, database, Server{}, func(o *Options[person]) { o.Unheard, o.Patience = 0, time.Minute })
	before := make(chan string)
	go func() { before <- r.reads(t, 1) }()
	eventually(t, "it has read", func() bool { return database.asked.Load() == 1 })
	r.Changed(t.Context(), 1, database.write(1, "new"))
	database.answers()
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
	here, _ := connected(t, database)
	there, _ := connected(t, database)
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
	r, _ := connected(t, database)
	database.write(1, "old")
	r.reads(t, 1)
	database.write(1, "new")
	r.later(ttl)
	if name := r.reads(t, 1); name != "new" {
		t.Errorf("%q", name)
	}
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
