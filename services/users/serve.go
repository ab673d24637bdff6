package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"gostack.dev/users/internal/cache"
	"gostack.dev/users/internal/configuration"
	"gostack.dev/users/internal/database"
	"gostack.dev/users/internal/dynamic"
	"gostack.dev/users/internal/flags"
	"gostack.dev/users/internal/httpserver"
	"gostack.dev/users/internal/login"
	"gostack.dev/users/internal/observability"
	"gostack.dev/users/internal/passwords"
	"gostack.dev/users/internal/resilience"
	"gostack.dev/users/internal/tokens"
	"gostack.dev/users/internal/users"
)

const (
	flushTimeout    = 3 * time.Second
	forgetting      = time.Hour
	forgettingLimit = time.Minute
)

// serve puts the parts together and runs until the context ends.
func serve(ctx context.Context, lookup configuration.Lookup, output io.Writer) int {
	settings, logger, err := start(lookup, output)
	if err != nil {
		return exitMisconfigured
	}
	flush, err := observability.StartTracing(ctx, settings.Identity, settings.ExportTraces, logger)
	if err != nil {
		logger.Error("traces cannot be set up: check the OTEL_ variables", "error", err.Error())
		return exitMisconfigured
	}
	defer func() {
		deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTimeout)
		defer cancel()
		_ = flush(deadline)
	}()
	metrics := observability.NewMetrics(settings.Identity)
	pools, err := database.Open(settings.Database, settings.Consul, logger, metrics.PrimaryChanged)
	if err != nil {
		logger.Error("the database pools cannot be set up", "error", err.Error())
		return exitMisconfigured
	}
	defer func() { _ = pools.Close() }()

	metrics.WatchPool("primary", pools.Primary)
	if pools.Replica != pools.Primary {
		metrics.WatchPool("replica", pools.Replica)
	}
	// A series that only appears with the first failure cannot be alerted on.
	breakerChanged := func(name, state string) {
		metrics.BreakerChanged(name, state)
		logger.Warn("a circuit breaker changed", "name", name, "state", state)
	}
	for _, name := range []string{users.PrimaryBreaker, users.ReplicaBreaker, users.WriteBreaker, cache.SharedBreaker, cache.SourceBreaker} {
		metrics.BreakerChanged(name, "closed")
	}
	stored := users.NewMySQLRepository(pools, users.RepositoryOptions{
		PrimaryMoves:   settings.Database.PrimaryMoves(),
		BreakerChanged: breakerChanged,
		Fallback:       metrics.ReplicaFallback,
	})

	var repository users.Repository = stored
	var without httpserver.Without
	if settings.Cache.TTL > 0 {
		cached, levels, err := users.NewCached(stored, cacheOptions(settings, metrics.Cache, breakerChanged, logger))
		if err != nil {
			logger.Error("the cache cannot be set up", "error", err.Error())
			return exitFailure
		}
		repository = cached
		if settings.Cache.Address != "" {
			without = httpserver.Without{Spell: settings.Cache.MaximumStale, Worked: levels.Reached, LastWorked: levels.LastReached}
		}
		metrics.WatchCache(levels.Sizes)
		caching, forget := context.WithCancel(context.WithoutCancel(ctx))
		defer forget()
		go levels.Run(caching)
		// What the last requests have written is told before it ends.
		defer levels.Flush()
	}

	limiter := resilience.NewLimiter()
	store := dynamic.NewStore(dynamic.Settings{
		RateLimitPerSecond: settings.Server.RateLimit,
		RateLimitBurst:     settings.Server.RateLimitBurst,
	}, func(current dynamic.Settings) { limiter.Set(current.RateLimitPerSecond, current.RateLimitBurst) })

	flagMetrics := observability.NewFlagMetrics(metrics)
	featureFlags, err := flags.New(ctx, flags.Options{
		Attributes: map[string]any{
			"region": settings.Identity.Region, "track": settings.Identity.Track, "version": settings.Identity.Version,
		},
		File: settings.FlagsFile, Taken: flagMetrics.Document, Evaluated: flagMetrics.Evaluated, Logger: logger,
	})
	if err != nil {
		logger.Error("the feature flags cannot be set up", "error", err.Error())
		return exitFailure
	}

	logins, hash, err := newLogins(settings.Tokens, stored, metrics, logger)
	if err != nil {
		logger.Error("logins cannot be set up: check the TOKENS_ variables", "error", err.Error())
		return exitMisconfigured
	}

	readiness := httpserver.NewHealth(without, dependencies(pools)...)
	router := httpserver.NewRouter(logger)
	users.NewHandlers(repository, hash).Register(router)
	if logins != nil {
		logins.Register(router)
	}
	readiness.Register(router, settings.Identity)
	router.HandlePlain("GET /metrics", metrics.Handler())
	server := httpserver.New(httpserver.Options{
		Router: router, Health: readiness, Metrics: metrics, Logger: logger,
		Allow: limiter.Allow, Feature: store.Feature,
		Flags:            &httpserver.Flags{Flags: featureFlags, Metrics: flagMetrics},
		RequestTimeout:   settings.Server.RequestTimeout,
		MaximumBodyBytes: settings.Server.MaximumBodyBytes,
		DrainDuration:    settings.Server.DrainDuration,
		ShutdownTimeout:  settings.Server.ShutdownTimeout,
	})

	listener, err := net.Listen("tcp", fmt.Sprintf(":%d", settings.Server.Port))
	if err != nil {
		logger.Error("the port cannot be opened", "port", settings.Server.Port, "error", err.Error())
		return exitFailure
	}
	if settings.Consul.Address != "" {
		for key, document := range map[string]dynamic.Document{settings.Consul.Key: store, settings.Consul.FlagsKey: featureFlags} {
			go dynamic.NewWatcher(settings.Consul.Address, key, settings.Consul.Token.Reveal(), document, logger).Run(ctx)
		}
	}
	go forget(ctx, logger, "idempotency keys", func(ctx context.Context) (int64, error) {
		return stored.ForgetKeys(ctx, settings.Server.IdempotencyMemory)
	})
	if logins != nil {
		go forget(ctx, logger, "sessions", logins.Forget)
	}

	logger.Info("serving", "port", settings.Server.Port, "version", settings.Identity.Version, "commit", settings.Identity.Commit, "instance", settings.Identity.Instance)
	if err := server.Run(ctx, listener); err != nil {
		logger.Error("the server did not stop cleanly", "error", err.Error())
		return exitFailure
	}
	logger.Info("stopped: every request was answered")
	return exitOK
}

// start returns the configuration and the logger; an error was logged already.
func start(lookup configuration.Lookup, output io.Writer) (configuration.Configuration, *slog.Logger, error) {
	settings, err := configuration.Load(lookup, version, commit)
	if err != nil {
		logger := observability.NewLogger(output, slog.LevelInfo, configuration.LoadIdentity(lookup, version, commit))
		logger.Error(err.Error())
		return configuration.Configuration{}, nil, err
	}
	return settings, observability.NewLogger(output, settings.LogLevel, settings.Identity), nil
}

func cacheOptions(settings configuration.Configuration, observer cache.Observer, breakerChanged func(name, state string), logger *slog.Logger) cache.Options[users.User] {
	wanted := settings.Cache
	return cache.Options[users.User]{
		Server: cache.Server{
			Address: wanted.Address, Peers: wanted.PeerAddresses,
			Password: wanted.Password, TLS: wanted.TLS, Timeout: wanted.Timeout,
		},
		TTL: wanted.TTL, Unheard: wanted.Unheard, MaximumStale: wanted.MaximumStale,
		Patience: wanted.Patience, LoadTimeout: settings.Server.RequestTimeout, LocalBytes: wanted.LocalBytes,
		BreakerChanged: breakerChanged, Observer: observer, Logger: logger,
	}
}

func dependencies(pools database.Pools) []httpserver.Dependency {
	primary := httpserver.Dependency{Name: "mysql_primary", Check: database.Answers(pools.Primary), Required: true}
	if pools.Replica == pools.Primary {
		return []httpserver.Dependency{primary}
	}
	return []httpserver.Dependency{primary, {Name: "mysql_replica", Check: database.Answers(pools.Replica)}}
}

// newLogins returns what lets users in, and what is kept of their passwords; both are nil without a key to sign with.
func newLogins(settings configuration.Tokens, stored *users.MySQLRepository, metrics *observability.Metrics, logger *slog.Logger) (*login.Handlers, users.Hash, error) {
	if settings.SigningKey == "" {
		return nil, nil, nil
	}
	issuer, err := tokens.New(tokens.Options{
		Issuer: settings.Issuer, Audience: settings.Audience, Lifetime: settings.Lifetime,
		SigningKey: settings.SigningKey.Reveal(), KeySet: settings.KeySet,
	})
	if err != nil {
		return nil, nil, err
	}
	hasher, err := passwords.NewHasher()
	if err != nil {
		return nil, nil, err
	}
	handlers, err := login.New(login.Options{
		Primary: stored, Passwords: hasher, Tokens: issuer, SessionLifetime: settings.SessionLifetime,
		AccountLimit: settings.AccountLimit, AddressLimit: settings.AddressLimit,
		Observe: metrics.WatchLogins(login.Events), Logger: logger,
	})
	return handlers, hasher.Hash, err
}

// forget keeps a table from growing for ever. Every instance does it; whoever
// comes second finds nothing.
func forget(ctx context.Context, logger *slog.Logger, what string, old func(context.Context) (int64, error)) {
	ticker := time.NewTicker(forgetting)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		deadline, cancel := context.WithTimeout(ctx, forgettingLimit)
		if _, err := old(deadline); err != nil && ctx.Err() == nil {
			logger.Warn("old "+what+" could not be removed; the next hour tries again", "error", err.Error())
		}
		cancel()
	}
}
