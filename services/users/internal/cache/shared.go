package cache

import (
	"context"
	"crypto/tls"
	_ "embed"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"gostack.dev/users/internal/resilience"
)

const (
	// patientTimeout is for what no request waits for.
	patientTimeout = time.Second
	probePause     = time.Second
)

//go:embed put.lua
var putSource string

var putScript = redis.NewScript(putSource)

// shared is the level in one region's Valkey.
type shared struct {
	client  *redis.Client
	channel string
	kept    time.Duration
	// timeout is how long a request waits.
	timeout time.Duration
	breaker *resilience.Breaker
}

func newShared(address string, server Server, channel string, kept time.Duration, changed func(name, state string)) *shared {
	options := &redis.Options{
		Addr:                address,
		CredentialsProvider: func() (string, string) { return "", server.Password() },
		DialTimeout:         patientTimeout, DialerRetries: 1,
		ReadTimeout: patientTimeout, WriteTimeout: patientTimeout, PoolTimeout: patientTimeout,
		ContextTimeoutEnabled: true,
		// Whoever waits has the database to ask.
		MaxRetries:               -1,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
	if server.TLS {
		options.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return &shared{
		client: redis.NewClient(options), channel: channel, kept: kept, timeout: server.Timeout,
		breaker: resilience.NewBreaker(resilience.BreakerOptions{
			Name: SharedBreaker, OpenDuration: probePause, OnChange: changed,
			IsFailure: func(err error) bool { return !errors.Is(err, redis.Nil) },
		}),
	}
}

// get returns the text of an entry, or redis.Nil.
func (s *shared) get(ctx context.Context, key string) (text string, err error) {
	err = s.quickly(ctx, func(ctx context.Context) (err error) {
		text, err = s.client.Get(ctx, key).Result()
		return err
	})
	return text, err
}

// put keeps an entry unless a newer one is there.
func (s *shared) put(ctx context.Context, change change, channel string) error {
	return s.quickly(ctx, func(ctx context.Context) error {
		return putScript.Run(ctx, s.client, []string{change.key}, s.arguments(change, channel)...).Err()
	})
}

// putAll is put for several changes in one round trip, whatever the breaker says.
func (s *shared) putAll(ctx context.Context, changes []change) error {
	ctx, cancel := context.WithTimeout(ctx, patientTimeout)
	defer cancel()
	_, err := s.client.Pipelined(ctx, func(pipeline redis.Pipeliner) error {
		for _, change := range changes {
			putScript.Eval(ctx, pipeline, []string{change.key}, s.arguments(change, s.channel)...)
		}
		return nil
	})
	return err
}

func (s *shared) arguments(change change, channel string) []any {
	return []any{change.version, change.text, s.kept.Milliseconds(), channel}
}

// quickly asks only a Valkey that is well: no request is used to find out whether
// it is again.
func (s *shared) quickly(ctx context.Context, operation func(context.Context) error) error {
	if !s.breaker.Closed() {
		return resilience.ErrOpen
	}
	return s.ask(ctx, operation)
}

func (s *shared) ask(ctx context.Context, operation func(context.Context) error) error {
	return s.breaker.Do(ctx, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, s.timeout)
		defer cancel()
		return operation(ctx)
	})
}

// probe closes the breaker again once Valkey answers as fast as a request wants it.
func (s *shared) probe(ctx context.Context) {
	for sleep(ctx, probePause) {
		if !s.breaker.Closed() {
			_ = s.ask(ctx, func(ctx context.Context) error { return s.client.Ping(ctx).Err() })
		}
	}
}

func outcome(err error) string {
	if errors.Is(err, redis.Nil) {
		return Miss
	}
	return Error
}
