// Package cache keeps what is known of rows in two levels: in this process, and
// in the Valkey of the region. Either may be away; when the database is, the last
// known row is answered, up to an age.
//
// Entries carry the version of their row, and no level ever replaces a newer one
// by an older: neither an invalidation that comes late nor a read that was slow
// can bring an old row back.
package cache

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"gostack.dev/users/internal/resilience"
)

// The names of the breakers in logs and metrics.
const (
	// SharedBreaker is open while Valkey is not asked.
	SharedBreaker = "valkey"
	// SourceBreaker is open while known rows are answered without asking the database.
	SourceBreaker = "cache_refresh"
)

// The levels, and what was found there, in metrics.
const (
	Local  = "local"
	Shared = "shared"

	Hit   = "hit"
	Miss  = "miss"
	Error = "error"
)

const (
	// unmadeLifetime is short: whoever makes the row may be unable to tell.
	unmadeLifetime = 2 * time.Second
	// goodbye is what changes that wait for a region have when the process ends.
	goodbye = time.Second
)

var errSlow = errors.New("the database is slower than the last known row may wait")

// Server is a Valkey, or a Redis, and how it is spoken to.
type Server struct {
	// Address is that of this region; empty turns the shared level off.
	Address string
	// Peers are those of the other regions, which are told of changes.
	Peers []string
	// Password is asked before each connection.
	Password func() string
	TLS      bool
	// Timeout is how long a request waits for it: the database answers in about this time.
	Timeout time.Duration
}

// Observer hears what metrics need.
type Observer interface {
	// Looked is told of each look into a level.
	Looked(level, result string)
	// Answered is told how old the knowledge was that an answer came from.
	Answered(age time.Duration)
	// Degraded is told of an answer that the database was too ill to confirm.
	Degraded()
	// Invalidated is told how long a change took to arrive.
	Invalidated(delay time.Duration)
	// Lost is told of a change that a region's Valkey never took.
	Lost(address string)
	// Listening is told whether changes are heard of.
	Listening(yes bool)
}

// Options describes a cache.
type Options[V any] struct {
	// Name is that of the rows: the first part of keys and channel.
	Name   string
	Server Server
	// TTL bounds how old a row is answered without asking the database.
	TTL time.Duration
	// Unheard is the TTL in this process while changes are not heard of.
	Unheard time.Duration
	// MaximumStale bounds the last known row; zero never answers one.
	MaximumStale time.Duration
	// Patience is how long a request waits for the database where there is a last known row.
	Patience time.Duration
	// LoadTimeout bounds one question to the database.
	LoadTimeout time.Duration
	// LocalBytes bounds the level in this process.
	LocalBytes int
	// Size is what a value takes in memory.
	Size func(V) int
	// Load asks the database for a row that is not older than a version; an entry
	// that does not exist is Unmade.
	Load func(ctx context.Context, id uint64, since int64) (Entry[V], error)
	// IsOutage tells a database that is away from one that says no.
	IsOutage       func(error) bool
	BreakerChanged func(name, state string)
	Observer       Observer
	Logger         *slog.Logger
}

// Cache is both levels.
type Cache[V any] struct {
	options Options[V]
	prefix  string
	local   *local[V]
	// shared is nil where there is no Valkey.
	shared *shared
	// relays has this region's first, then its peers'.
	relays  []*relay
	epoch   epoch
	flights singleflight.Group
	source  *resilience.Breaker
	now     func() time.Time
}

// New returns a cache that Run brings to life; until then it hears of no change.
func New[V any](options Options[V]) (*Cache[V], error) {
	kept := max(options.TTL, options.MaximumStale)
	local, err := newLocal(options.LocalBytes, options.TTL, kept, options.Size)
	if err != nil {
		return nil, err
	}
	cache := &Cache[V]{
		options: options, local: local, now: time.Now,
		prefix: options.Name + ":" + schema[V]() + ":",
		source: resilience.NewBreaker(resilience.BreakerOptions{
			Name: SourceBreaker, OpenDuration: time.Second, OnChange: options.BreakerChanged,
			IsFailure: func(err error) bool { return errors.Is(err, errSlow) || options.IsOutage(err) },
		}),
	}
	if options.Server.Address == "" {
		return cache, nil
	}
	for index, address := range append([]string{options.Server.Address}, options.Server.Peers...) {
		server := newShared(address, options.Server, options.Name+":changes", kept, options.BreakerChanged)
		if index == 0 {
			cache.shared = server
		}
		cache.relays = append(cache.relays, &relay{
			address: address, shared: server, changes: make(chan change, waitingChanges),
			useful: options.TTL, lost: options.Observer.Lost,
		})
	}
	return cache, nil
}

// Run hears of changes and passes them on until the context ends.
func (c *Cache[V]) Run(ctx context.Context) {
	if c.shared == nil {
		return
	}
	var running sync.WaitGroup
	running.Go(func() { c.listen(ctx) })
	running.Go(func() { c.shared.probe(ctx) })
	for _, relay := range c.relays {
		running.Go(func() { relay.run(ctx) })
	}
	running.Wait()
	for _, relay := range c.relays {
		_ = relay.shared.client.Close()
	}
}

// Flush waits until the regions know of every change, for a second at most.
func (c *Cache[V]) Flush() {
	done := make(chan struct{})
	go func() {
		for _, relay := range c.relays {
			relay.pending.Wait()
		}
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(goodbye):
	}
}

// Get returns what is known of a row, not older than a version that the reader
// has seen, and whether the database was too ill to confirm it within the TTL.
func (c *Cache[V]) Get(ctx context.Context, id uint64, since int64) (entry Entry[V], degraded bool, err error) {
	key := strconv.FormatUint(id, 10)
	found, known := c.local.get(key)
	if known && found.Version >= since && c.fresh(found) {
		c.options.Observer.Looked(Local, Hit)
		c.options.Observer.Answered(c.age(found.Entry))
		return found.Entry, false, nil
	}
	c.options.Observer.Looked(Local, Miss)
	entry, err = c.refreshed(ctx, id, key, since)
	if err == nil {
		c.options.Observer.Answered(c.age(entry))
		return entry, false, nil
	}
	if last, known := c.lastKnown(key, since); known && (errors.Is(err, errSlow) || errors.Is(err, resilience.ErrOpen) || c.options.IsOutage(err)) {
		c.options.Observer.Degraded()
		c.options.Observer.Answered(c.age(last))
		return last, true, nil
	}
	return Entry[V]{}, false, err
}

// Changed is told of a row that was just written, and returns when this process
// and, unless it is ill, this region know it.
func (c *Cache[V]) Changed(ctx context.Context, id uint64, entry Entry[V]) {
	key := strconv.FormatUint(id, 10)
	c.take(key, entry)
	if c.shared == nil {
		return
	}
	text, err := entry.text()
	if err != nil {
		c.options.Logger.ErrorContext(ctx, "a change cannot be told", "error", err.Error())
		return
	}
	news := change{c.prefix + key, text, entry.Version, time.Now()}
	for _, peer := range c.relays[1:] {
		peer.send(news)
	}
	// The row is written, whether or not its writer still waits.
	if c.shared.put(context.WithoutCancel(ctx), news, c.shared.channel) != nil {
		c.relays[0].send(news)
	}
}

// take replaces what is known by a change. Whoever reads from now on must not join
// a question that was asked before it.
func (c *Cache[V]) take(key string, entry Entry[V]) {
	c.local.put(key, entry, c.epoch.now())
	c.flights.Forget(flightKey(key, Unmade))
}

// flightKey keeps a reader who saw a newer row than the others apart from them.
func flightKey(key string, since int64) string { return key + " " + strconv.FormatInt(since, 10) }

// Reached tells the other replicas of the region that the database answers here.
func (c *Cache[V]) Reached(ctx context.Context) {
	_ = c.shared.quickly(ctx, func(ctx context.Context) error {
		return c.shared.client.Set(ctx, c.reachedKey(), c.now().UnixMilli(), time.Hour).Err()
	})
}

// LastReached is when it last answered one of them; zero where that is not known.
func (c *Cache[V]) LastReached(ctx context.Context) time.Time {
	var millis int64
	err := c.shared.quickly(ctx, func(ctx context.Context) (err error) {
		millis, err = c.shared.client.Get(ctx, c.reachedKey()).Int64()
		return err
	})
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(millis)
}

func (c *Cache[V]) reachedKey() string { return c.options.Name + ":reached" }

// Sizes returns how many entries this process holds, and about how many bytes.
func (c *Cache[V]) Sizes() (entries, bytes float64) {
	return float64(c.local.entries.EstimatedSize()), float64(c.local.entries.WeightedSize())
}

func (c *Cache[V]) age(entry Entry[V]) time.Duration { return max(0, c.now().Sub(entry.Confirmed)) }

func (c *Cache[V]) fresh(held held[V]) bool {
	lifetime := held.lifetime
	if !listening(held.epoch) || held.epoch != c.epoch.now() {
		lifetime = min(lifetime, c.options.Unheard)
	}
	if held.Version == Unmade {
		lifetime = min(lifetime, unmadeLifetime)
	}
	return held.Version == Gone || c.age(held.Entry) < lifetime
}

func (c *Cache[V]) lastKnown(key string, since int64) (Entry[V], bool) {
	found, known := c.local.get(key)
	known = known && c.options.MaximumStale > 0 && found.Version != Unmade && found.Version >= since && c.age(found.Entry) <= c.options.MaximumStale
	return found.Entry, known
}

// refreshed asks behind this process. Whoever has a last known row waits no
// longer than Patience, and not at all while the database keeps others waiting;
// without one there is nothing else to do.
func (c *Cache[V]) refreshed(ctx context.Context, id uint64, key string, since int64) (Entry[V], error) {
	if _, known := c.lastKnown(key, since); !known {
		return c.awaited(ctx, id, key, since)
	}
	var entry Entry[V]
	err := c.source.Do(ctx, func(ctx context.Context) (err error) {
		entry, err = c.awaited(ctx, id, key, since)
		return err
	})
	return entry, err
}

// awaited joins whoever asks for the key already, or asks.
func (c *Cache[V]) awaited(ctx context.Context, id uint64, key string, since int64) (Entry[V], error) {
	flight := c.flights.DoChan(flightKey(key, since), func() (any, error) {
		// It belongs to all who wait, so it does not end with the first.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.options.LoadTimeout)
		defer cancel()
		return c.load(ctx, id, key, since)
	})
	patience := time.NewTimer(c.options.Patience)
	defer patience.Stop()
	for {
		select {
		case result := <-flight:
			entry, _ := result.Val.(Entry[V])
			return entry, result.Err
		case <-ctx.Done():
			return Entry[V]{}, ctx.Err()
		case <-patience.C:
			// The other level may have had one.
			if _, known := c.lastKnown(key, since); known {
				return Entry[V]{}, errSlow
			}
		}
	}
}

func (c *Cache[V]) load(ctx context.Context, id uint64, key string, since int64) (Entry[V], error) {
	epoch := c.epoch.now()
	if stored, found := c.stored(ctx, key); found {
		kept := c.local.put(key, stored, epoch).Entry
		if kept.Version >= since && (kept.Version == Gone || c.age(kept) < c.options.TTL && kept.Version != Unmade) {
			c.options.Observer.Looked(Shared, Hit)
			return kept, nil
		}
		c.options.Observer.Looked(Shared, Miss)
	}
	last, _ := c.local.get(key)
	asked := c.now()
	// A member that lags behind what is known is not asked alone.
	entry, err := c.options.Load(ctx, id, max(since, rowVersion(last.Entry)))
	if err != nil {
		return Entry[V]{}, err
	}
	entry.Confirmed = asked
	if entry.Version == Unmade && last.Exists() {
		entry.Version = Gone
	}
	// Perhaps a change was heard of meanwhile.
	if kept := c.local.put(key, entry, epoch); kept.Version > entry.Version && (c.fresh(kept) || !kept.Confirmed.Before(asked)) {
		return kept.Entry, nil
	}
	c.store(ctx, key, entry)
	return entry, nil
}

func rowVersion[V any](entry Entry[V]) int64 {
	if entry.Exists() {
		return entry.Version
	}
	return Unmade
}

// stored looks into Valkey; whatever is wrong there is as if it had nothing.
func (c *Cache[V]) stored(ctx context.Context, key string) (Entry[V], bool) {
	if c.shared == nil {
		return Entry[V]{}, false
	}
	text, err := c.shared.get(ctx, c.prefix+key)
	if err == nil {
		var entry Entry[V]
		if entry, err = parse[V](text); err == nil {
			return entry, true
		}
	}
	c.options.Observer.Looked(Shared, outcome(err))
	return Entry[V]{}, false
}

func (c *Cache[V]) store(ctx context.Context, key string, entry Entry[V]) {
	if c.shared == nil || entry.Version == Unmade {
		return
	}
	if text, err := entry.text(); err == nil {
		_ = c.shared.put(ctx, change{key: c.prefix + key, text: text, version: entry.Version}, "")
	}
}
