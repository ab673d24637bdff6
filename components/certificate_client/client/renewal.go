package main

import (
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/go-acme/lego/v5/acme"
)

const (
	// firstRetry after a failure, three times as much after each more, at most longestRetry: within an hour five, which is
	// how often Let's Encrypt lets a name fail.
	firstRetry, retryFactor, longestRetry = 30 * time.Second, 3, time.Hour
	// advicePause is how often the authority is asked for its advice.
	advicePause = 6 * time.Hour
	// ingressWait is how long the first order waits for the ingresses, by which the authority comes.
	ingressWait = 5 * time.Minute
	orderTime   = 10 * time.Minute
)

// renewal keeps one certificate good. A failure changes nothing but when the next attempt is.
type renewal struct {
	given     configuration
	authority *authority
	store     *store
	metrics   *metrics
	publish   func(pair)
	// serving is closed once every region's ingress has asked.
	serving <-chan struct{}
	// retry is firstRetry.
	retry time.Duration

	state  state
	advice advice
}

// advice is what the authority last advised of a certificate.
type advice struct {
	leaf   *x509.Certificate
	window acme.Window
	chosen time.Time
}

// load takes up what is there, and hands it out.
func (r *renewal) load() error {
	found, err := r.store.read()
	if errors.Is(err, errUnreadable) {
		// After a rotation of the key, for example. The ingresses keep what they have meanwhile.
		slog.Warn("what was kept cannot be read: a new account and a new certificate are made")
	} else if err != nil {
		return err
	}
	given := r.given
	wanted := digest(given.Directory, given.DirectoryCA, given.Email, given.Profile, given.Challenge, given.Provider,
		given.Environment, given.Nameservers, given.Names)
	if found.Wanted != wanted {
		found.Wanted, found.Attempts, found.Next = wanted, 0, time.Time{}
	}
	r.state = found
	leaf, err := found.Pair.leaf()
	if err != nil {
		return err
	}
	if leaf != nil {
		r.publish(found.Pair)
	}
	r.metrics.state(r.state.Attempts > 0, leaf)
	return nil
}

func (r *renewal) run(ctx context.Context) {
	if len(r.state.Pair.Chain) == 0 {
		wait(ctx, r.serving, ingressWait)
	}
	for ctx.Err() == nil {
		if pause := time.Until(r.next(ctx)); pause > 0 {
			wait(ctx, nil, min(pause, advicePause))
			continue
		}
		r.attempt(ctx)
	}
}

// next is when the next attempt may begin.
func (r *renewal) next(ctx context.Context) time.Time {
	leaf, err := r.state.Pair.leaf()
	if err != nil || leaf == nil || !r.state.Pair.ordered(r.given) {
		return r.state.Next
	}
	due := renewAt(leaf)
	if advised := r.advised(ctx, leaf); !advised.IsZero() && advised.Before(due) {
		due = advised
	}
	if due.Before(r.state.Next) {
		return r.state.Next
	}
	return due
}

// advised is a time in the window that the authority advises, the same for as long as it advises that; zero where it
// advises none.
func (r *renewal) advised(ctx context.Context, leaf *x509.Certificate) time.Time {
	if !leaf.Equal(r.advice.leaf) {
		// What was advised of the one before has come to pass.
		r.advice = advice{leaf: leaf}
	}
	found, err := r.authority.advice(ctx, r.state.Account, leaf)
	if err != nil {
		slog.Warn("the authority gives no advice on when to renew", "error", err)
		return r.advice.chosen
	}
	if found == nil {
		return time.Time{}
	}
	window := found.SuggestedWindow
	if !window.Start.Equal(r.advice.window.Start) || !window.End.Equal(r.advice.window.End) {
		r.advice.window = window
		r.advice.chosen = window.Start.Add(rand.N(window.End.Sub(window.Start)))
	}
	return r.advice.chosen
}

// attempt orders a certificate. When the next one may begin is kept before: whoever is killed and started again and
// again must not ask the authority each time.
func (r *renewal) attempt(ctx context.Context) {
	next := r.state
	next.Attempts++
	next.Next = time.Now().Add(r.backOff(next.Attempts))
	err := r.prepare(&next)
	var made pair
	if err == nil {
		ctx, cancel := context.WithTimeout(ctx, orderTime)
		defer cancel()
		made, err = r.authority.order(ctx, &next.Account, r.state.Pair)
	}
	if err != nil {
		next.Next = time.Now().Add(r.backOff(next.Attempts))
		if limited := new(acme.RateLimitedError); errors.As(err, &limited) && time.Now().Add(limited.RetryAfter).After(next.Next) {
			next.Next = time.Now().Add(limited.RetryAfter)
		}
		// Whoever ends this program has not failed.
		if ctx.Err() == nil {
			r.metrics.failures.Inc()
			slog.Error("no certificate was issued", "error", err, "attempts", next.Attempts, "next", next.Next)
		}
	} else {
		// Whatever the authority advises next, it is not asked in a circle.
		next.Pair, next.Attempts, next.Next = made, 0, time.Now().Add(r.retry)
		slog.Info("a certificate was issued", "names", made.Names)
	}
	r.state = next
	if err := r.store.write(next); err != nil {
		slog.Error("a restart will not know it", "error", err)
	}
	if err == nil {
		r.publish(made)
	}
	leaf, _ := next.Pair.leaf()
	r.metrics.state(next.Attempts > 0, leaf)
}

// prepare keeps the account and that an attempt begins; without that, none does.
func (r *renewal) prepare(next *state) (err error) {
	if next.Account.Directory != r.given.Directory || next.Account.Email != r.given.Email {
		if next.Account, err = newAccount(r.given); err != nil {
			return err
		}
	}
	return r.store.write(*next)
}

// backOff is longer each time, and differs by a fifth so that not every stack asks at once. A certificate that ends soon
// has no time for long pauses.
func (r *renewal) backOff(attempts int) time.Duration {
	longest := longestRetry
	if leaf, err := r.state.Pair.leaf(); err == nil && leaf != nil {
		longest = min(longest, max(r.retry, time.Until(leaf.NotAfter)/10))
	}
	pause := r.retry
	for ; attempts > 1 && pause < longest; attempts-- {
		pause *= retryFactor
	}
	pause = min(pause, longest)
	return pause*4/5 + rand.N(pause*2/5)
}

func wait(ctx context.Context, until <-chan struct{}, long time.Duration) {
	select {
	case <-ctx.Done():
	case <-until:
	case <-time.After(long):
	}
}
