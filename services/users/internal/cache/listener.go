package cache

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// heartbeat is how long a subscription may be silent before it is asked
	// whether it still is one, and then may take to answer.
	heartbeat = time.Second
	// resubscribing is the pause before the next attempt.
	resubscribing = 200 * time.Millisecond
)

// epoch counts the beginnings and ends of subscriptions: it is odd while changes
// are heard of. An entry from an earlier one may have missed a change.
type epoch struct{ count atomic.Uint64 }

func (e *epoch) now() uint64 { return e.count.Load() }

func listening(epoch uint64) bool { return epoch%2 == 1 }

// listen follows the changes that the region's Valkey tells of.
func (c *Cache[V]) listen(ctx context.Context) {
	for {
		err := c.follow(ctx)
		if ctx.Err() != nil {
			return
		}
		c.options.Logger.WarnContext(ctx, "changes are not heard of: rows in this process are fresh for less long", "error", err.Error())
		for ; err != nil && sleep(ctx, resubscribing); err = c.shared.client.Ping(ctx).Err() {
		}
	}
}

// follow returns when the subscription is lost, or silent for too long.
func (c *Cache[V]) follow(ctx context.Context) error {
	subscription := c.shared.client.Subscribe(ctx, c.shared.channel)
	defer func() { _ = subscription.Close() }()
	for asked := false; ; {
		received, err := subscription.ReceiveTimeout(ctx, heartbeat)
		var network net.Error
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.As(err, &network) && network.Timeout() && !asked:
			asked = true
			if err := subscription.Ping(ctx); err != nil {
				return err
			}
			continue
		case err != nil:
			return err
		}
		asked = false
		switch received := received.(type) {
		case *redis.Subscription:
			c.epoch.count.Add(1)
			c.options.Observer.Listening(true)
			defer func() {
				c.epoch.count.Add(1)
				c.options.Observer.Listening(false)
			}()
		case *redis.Message:
			c.hear(received.Payload)
		}
	}
}

// hear takes over what another replica, or this one, has written.
func (c *Cache[V]) hear(message string) {
	key, text, _ := strings.Cut(message, " ")
	// A release whose rows look different has keys of its own.
	key, ours := strings.CutPrefix(key, c.prefix)
	entry, err := parse[V](text)
	if !ours || err != nil {
		return
	}
	c.take(key, entry)
	c.options.Observer.Invalidated(max(0, c.now().Sub(entry.Confirmed)))
}
