package resilience

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var errIll = errors.New("ill")

func always(error) bool { return true }

func TestADependencyThatKeepsFailingIsNotAskedAnyMore(t *testing.T) {
	var states []string
	breaker := NewBreaker(BreakerOptions{Name: "x", IsFailure: always, OnChange: func(_, state string) { states = append(states, state) }})
	asked := 0
	for range failuresToOpen + 3 {
		_ = breaker.Do(t.Context(), func(context.Context) error { asked++; return errIll })
	}
	if asked != failuresToOpen {
		t.Errorf("asked %d times", asked)
	}
	if err := breaker.Do(t.Context(), func(context.Context) error { return nil }); !errors.Is(err, ErrOpen) {
		t.Errorf("got %v", err)
	}
	if len(states) != 1 || states[0] != "open" {
		t.Errorf("states %v", states)
	}
}

func TestFailuresOfOneMomentAreOneToABreakerWithPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		breaker := NewBreaker(BreakerOptions{Name: "x", IsFailure: always, Patience: time.Second})
		asked := 0
		fail := func(times int) {
			for range times {
				_ = breaker.Do(t.Context(), func(context.Context) error { asked++; return errIll })
			}
		}
		fail(10 * failuresToOpen)
		time.Sleep(time.Second - 1)
		fail(1)
		if asked != 10*failuresToOpen+1 {
			t.Errorf("asked %d times", asked)
		}
		// A success begins anew.
		_ = breaker.Do(t.Context(), func(context.Context) error { return nil })
		time.Sleep(time.Second)
		fail(failuresToOpen)
		if !breaker.Closed() {
			t.Error("it opened")
		}
		time.Sleep(time.Second)
		fail(2)
		if breaker.Closed() || asked != 11*failuresToOpen+2 {
			t.Errorf("asked %d times", asked)
		}
	})
}

func TestABreakerProbesAfterItsTimeAndOnlyTellsOfOpeningAndClosing(t *testing.T) {
	var states []string
	breaker := NewBreaker(BreakerOptions{Name: "x", IsFailure: always, OpenDuration: time.Nanosecond, OnChange: func(_, state string) { states = append(states, state) }})
	for range failuresToOpen * 3 {
		_ = breaker.Do(t.Context(), func(context.Context) error { return errIll })
	}
	for range halfOpenRequests {
		for errors.Is(breaker.Do(t.Context(), func(context.Context) error { return nil }), ErrOpen) {
			time.Sleep(time.Millisecond)
		}
	}
	if len(states) != 2 || states[0] != "open" || states[1] != "closed" {
		t.Errorf("states %v", states)
	}
}

func TestAnAnswerThatIsNotAnOutageKeepsTheBreakerClosed(t *testing.T) {
	breaker := NewBreaker(BreakerOptions{Name: "x", IsFailure: func(error) bool { return false }})
	for range failuresToOpen * 2 {
		if err := breaker.Do(t.Context(), func(context.Context) error { return errIll }); !errors.Is(err, errIll) {
			t.Fatalf("got %v", err)
		}
	}
}

func TestCallersWhoHangUpDoNotOpenTheBreaker(t *testing.T) {
	breaker := NewBreaker(BreakerOptions{Name: "x", IsFailure: always})
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for range failuresToOpen * 2 {
		if err := breaker.Do(cancelled, func(context.Context) error { return errIll }); errors.Is(err, ErrOpen) {
			t.Fatal("it opened")
		}
	}
}

func TestANewLimiterRefusesNothing(t *testing.T) {
	limiter := NewLimiter()
	for range 1000 {
		if !limiter.Allow() {
			t.Fatal("refused")
		}
	}
}

func TestTheLimitCanBeSetAndLiftedWhileInUse(t *testing.T) {
	limiter := NewLimiter()
	// One token in almost three hours: the test cannot be slow enough to see a second.
	limiter.Set(0.0001, 1)
	if !limiter.Allow() || limiter.Allow() {
		t.Error("a burst of one let through something else than one")
	}
	limiter.Set(0, 0)
	if !limiter.Allow() {
		t.Error("refused although there is no limit")
	}
}

func TestALimitWithoutABurstStillServes(t *testing.T) {
	limiter := NewLimiter()
	limiter.Set(0.0001, 0)
	if !limiter.Allow() {
		t.Error("a bucket without room refuses everybody")
	}
}

func TestARequestThatHadNoTimeLeftSaysNothingAboutTheDependency(t *testing.T) {
	breaker := NewBreaker(BreakerOptions{Name: "test", IsFailure: func(error) bool { return true }})
	calls := 0
	for range 3 * failuresToOpen {
		over, cancel := context.WithTimeout(t.Context(), 0)
		err := breaker.Do(over, func(ctx context.Context) error { calls++; return ctx.Err() })
		cancel()
		if !errors.Is(err, ErrNoTimeLeft) {
			t.Fatalf("got %v", err)
		}
	}
	if calls != 3*failuresToOpen {
		t.Errorf("the breaker opened after %d calls", calls)
	}
	for range 3 * failuresToOpen {
		_ = breaker.Do(t.Context(), func(context.Context) error { calls++; return context.DeadlineExceeded })
	}
	if calls != 4*failuresToOpen {
		t.Errorf("a deadline of the operation's own does not count: %d calls", calls)
	}
}

func TestWhoFindsNoSlotIsRefusedHalfWayToHisDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bulkhead := NewBulkhead(2)
		var running sync.WaitGroup
		for range 2 {
			running.Go(func() {
				_ = bulkhead.Do(t.Context(), func(context.Context) error { time.Sleep(10 * time.Second); return errIll })
			})
		}
		synctest.Wait()
		try := func(timeout time.Duration) (waited time.Duration, err error) {
			ctx, cancel := context.WithTimeout(t.Context(), timeout)
			defer cancel()
			began := time.Now()
			err = bulkhead.Do(ctx, func(context.Context) error { return nil })
			return time.Since(began), err
		}
		if waited, err := try(6 * time.Second); !errors.Is(err, ErrFull) || waited != 3*time.Second {
			t.Errorf("%v after %s", err, waited)
		}
		if waited, err := try(30 * time.Second); err != nil || waited != 7*time.Second {
			t.Errorf("a slot that is free in time: %v after %s", err, waited)
		}
		running.Wait()
		cancelled, cancel := context.WithCancel(t.Context())
		cancel()
		unlimited := NewBulkhead(0)
		err := unlimited.Do(t.Context(), func(context.Context) error {
			return unlimited.Do(t.Context(), func(context.Context) error { return errIll })
		})
		if !errors.Is(err, errIll) || !errors.Is(bulkhead.Do(cancelled, func(context.Context) error { return nil }), ErrFull) {
			t.Errorf("without a limit %v; or a caller who hung up got a slot", err)
		}
	})
}
