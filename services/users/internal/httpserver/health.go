package httpserver

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"gostack.dev/users/internal/configuration"
)

const (
	readinessTimeout = time.Second
	// An instance that has an answer already does not wait longer than this for
	// a dependency that hangs: a check that gives up earlier than readinessTimeout
	// must not take every instance out of service with a database that is away.
	straggling = 200 * time.Millisecond
	// An instance whose dependencies have worked elsewhere for so much longer than
	// here is ill itself; longer than two checks are apart.
	alone = 10 * time.Second
)

// Dependency answers nil when it works, or says what does not.
type Dependency struct {
	Name  string
	Check func(context.Context) error
	// Required is asked of a new instance before it gets its first request.
	Required bool
}

// Health knows whether the instance should get requests.
type Health struct {
	dependencies []Dependency
	draining     atomic.Bool
	wasReady     atomic.Bool
	without      Without
	lastWorked   atomic.Int64
}

// Without says how an instance does without any of its dependencies; zero: not at all.
type Without struct {
	// Spell is how long it has something to answer from what it knows.
	Spell time.Duration
	// Worked tells other instances that a dependency works here.
	Worked func(context.Context)
	// LastWorked is when it did so at any of them, as far as is known: an instance
	// that alone has lost what the others have must not stay.
	LastWorked func(context.Context) time.Time
}

// NewHealth returns the health of an instance with these dependencies.
func NewHealth(without Without, dependencies ...Dependency) *Health {
	return &Health{without: without, dependencies: dependencies}
}

// Drain makes the instance not ready for the rest of its life.
func (h *Health) Drain() { h.draining.Store(true) }

// Draining tells whether the instance is on its way out.
func (h *Health) Draining() bool { return h.draining.Load() }

// Register adds the addresses that the platform asks.
func (h *Health) Register(router *Router, identity configuration.Identity) {
	router.Handle("GET /health/live", func(*http.Request) (Reply, error) {
		return Reply{Status: http.StatusOK, Message: "alive"}, nil
	})
	router.Handle("GET /health/ready", h.ready)
	router.Handle("GET /version", func(*http.Request) (Reply, error) {
		return Reply{Status: http.StatusOK, Message: "version", Data: identity}, nil
	})
}

// ready asks every dependency each time. A new instance is ready when all
// required ones answer, so that a wrong address never gets through a rollout.
// Afterwards one that answers is enough: without the primary it still reads,
// without the replica it reads from the primary, and taking every instance out
// of service would turn half an outage into a whole one. For the same reason an
// instance that knows the last rows stays while it may answer them.
func (h *Health) ready(request *http.Request) (Reply, error) {
	if h.Draining() {
		return Reply{}, &Failure{Status: http.StatusServiceUnavailable, Message: "draining"}
	}
	ctx, cancel := context.WithTimeout(request.Context(), readinessTimeout)
	defer cancel()

	states, working, requiredBroken := h.ask(ctx)
	if len(h.dependencies) > 0 && (working == 0 && !h.doesWithout(request.Context()) || (requiredBroken > 0 && !h.wasReady.Load())) {
		return Reply{}, &Failure{Status: http.StatusServiceUnavailable, Message: "not ready", Fields: states}
	}
	h.wasReady.Store(true)
	if working > 0 && h.without.Spell > 0 {
		h.lastWorked.Store(time.Now().UnixNano())
		h.without.Worked(request.Context())
	}
	message := "ready"
	if working < len(h.dependencies) {
		message = "ready, but degraded"
	}
	return Reply{Status: http.StatusOK, Message: message, Data: states}, nil
}

// doesWithout tells whether the instance may serve on what it knows.
func (h *Health) doesWithout(ctx context.Context) bool {
	last := time.Unix(0, h.lastWorked.Load())
	return time.Since(last) <= h.without.Spell && h.without.LastWorked(ctx).Sub(last) < alone
}

// ask returns the state of every dependency, how many work, and how many of the
// required ones do not.
func (h *Health) ask(ctx context.Context) (states map[string]string, working, requiredBroken int) {
	type result struct {
		position int
		problem  error
	}
	results := make(chan result, len(h.dependencies))
	states = map[string]string{}
	for position, dependency := range h.dependencies {
		states[dependency.Name] = "not ready: no answer yet"
		go func() { results <- result{position, dependency.Check(ctx)} }()
	}
	var enough <-chan time.Time
	answered := map[int]bool{}
	for len(answered) < len(h.dependencies) {
		select {
		case <-enough:
			for position, dependency := range h.dependencies {
				if dependency.Required && !answered[position] {
					requiredBroken++
				}
			}
			return states, working, requiredBroken
		case result := <-results:
			answered[result.position] = true
			dependency := h.dependencies[result.position]
			if result.problem == nil {
				working++
				states[dependency.Name] = "ready"
				if h.wasReady.Load() {
					enough = time.After(straggling)
				}
				continue
			}
			states[dependency.Name] = "not ready: " + result.problem.Error()
			if dependency.Required {
				requiredBroken++
			}
		}
	}
	return states, working, requiredBroken
}
