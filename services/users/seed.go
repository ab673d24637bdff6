package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"gostack.dev/users/internal/configuration"
	"gostack.dev/users/internal/database"
	"gostack.dev/users/internal/users"
)

const (
	exampleUsers = 20
	seedTimeout  = time.Minute
)

type creator interface {
	Create(ctx context.Context, input users.Input, idempotencyKey string) (users.User, bool, error)
}

// seed creates users for a stack that is tried out.
func seed(ctx context.Context, lookup configuration.Lookup, output io.Writer) int {
	settings, logger, err := start(lookup, output)
	if err != nil {
		return exitMisconfigured
	}
	pools, err := database.Open(settings.Database, settings.Consul, logger, func() {})
	if err != nil {
		logger.Error("the database pools cannot be set up", "error", err.Error())
		return exitMisconfigured
	}
	defer func() { _ = pools.Close() }()
	ctx, cancel := context.WithTimeout(ctx, seedTimeout)
	defer cancel()
	created, err := createExamples(ctx, users.NewMySQLRepository(pools, users.RepositoryOptions{PrimaryMoves: settings.Database.PrimaryMoves(), Fallback: func(string) {}}))
	if err != nil {
		logger.Error("the example users could not be created", "created", created, "error", err.Error())
		return exitFailure
	}
	logger.Info("the example users are there", "created", created)
	return exitOK
}

// createExamples returns how many users were new: those of an earlier run stay.
func createExamples(ctx context.Context, repository creator) (int, error) {
	created := 0
	for number := 1; number <= exampleUsers; number++ {
		input := users.Input{
			Name: fmt.Sprintf("Example %d", number),
			// A domain that nobody has (RFC 2606).
			Email: fmt.Sprintf("user-%02d@example.com", number),
		}
		_, _, err := repository.Create(ctx, input, "")
		if errors.Is(err, users.ErrEmailTaken) {
			continue
		}
		if err != nil {
			return created, err
		}
		created++
	}
	return created, nil
}
