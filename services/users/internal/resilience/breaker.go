// Package resilience keeps one slow dependency from taking the service with it.
package resilience

import (
	"context"
	"errors"
	"time"

	"github.com/sony/gobreaker/v2"
)

// ErrOpen says that a dependency failed so often that it is not asked for a while.
var ErrOpen = errors.New("the circuit breaker is open")

// ErrNoTimeLeft says that the caller's deadline ended the operation.
var ErrNoTimeLeft = errors.New("the request had no time left")

const (
	failuresToOpen = 5
	// Asking again every two seconds finds a dependency that is back soon
	// without hammering it.
	usualOpenDuration = 2 * time.Second
	halfOpenRequests  = 3
)

// Breaker stops calls to a dependency that keeps failing.
type Breaker struct {
	inner *gobreaker.CircuitBreaker[struct{}]
}

// BreakerOptions describes one breaker.
type BreakerOptions struct {
	Name string
	// IsFailure tells an ill dependency from a healthy one that answers "no".
	IsFailure func(error) bool
	// OnChange hears when the breaker opens ("open") and when the dependency is
	// well again ("closed"), not of the probes between; it may be nil.
	OnChange func(name, state string)
	// OpenDuration is the time until the next probe; zero is two seconds.
	OpenDuration time.Duration
	// Patience is how long nothing but failures must have come before it opens: calls
	// that wait for the same stall fail in the same moment. Zero counts them alone.
	Patience time.Duration
}

// NewBreaker returns a closed breaker.
func NewBreaker(options BreakerOptions) *Breaker {
	if options.OpenDuration == 0 {
		options.OpenDuration = usualOpenDuration
	}
	// Asked under the breaker's lock, after each failure.
	var failing time.Time
	opens := func(counts gobreaker.Counts) bool {
		if counts.ConsecutiveFailures == 1 {
			failing = time.Now()
		}
		return counts.ConsecutiveFailures >= failuresToOpen && time.Since(failing) >= options.Patience
	}
	settings := gobreaker.Settings{
		Name:         options.Name,
		MaxRequests:  halfOpenRequests,
		Timeout:      options.OpenDuration,
		ReadyToTrip:  opens,
		IsSuccessful: func(err error) bool { return err == nil || !options.IsFailure(err) },
		// A caller who hung up, or had no time left, says nothing about the dependency.
		IsExcluded: func(err error) bool { return errors.Is(err, context.Canceled) || errors.Is(err, ErrNoTimeLeft) },
	}
	if options.OnChange != nil {
		settings.OnStateChange = func(name string, from, to gobreaker.State) {
			if from == gobreaker.StateClosed || to == gobreaker.StateClosed {
				options.OnChange(name, to.String())
			}
		}
	}
	return &Breaker{inner: gobreaker.NewCircuitBreaker[struct{}](settings)}
}

// Closed tells whether calls go through; it changes nothing.
func (b *Breaker) Closed() bool { return b.inner.State() == gobreaker.StateClosed }

// Do calls the operation unless the breaker is open, which gives ErrOpen at once.
// An operation that must not take as long as ctx allows brings its own deadline:
// one that ends with ctx is not counted, because it may have waited for its turn.
func (b *Breaker) Do(ctx context.Context, operation func(context.Context) error) error {
	_, err := b.inner.Execute(func() (struct{}, error) {
		err := operation(ctx)
		if err != nil && errors.Is(ctx.Err(), context.Canceled) {
			// Drivers report a cancelled call as a broken connection.
			err = errors.Join(context.Canceled, err)
		} else if err != nil && ctx.Err() != nil {
			err = errors.Join(ErrNoTimeLeft, err)
		}
		return struct{}{}, err
	})
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		return ErrOpen
	}
	return err
}
