package main

import (
	"context"
	"io"
	"strconv"

	"gostack.dev/users/internal/configuration"
	"gostack.dev/users/internal/database"
)

func migrate(ctx context.Context, arguments []string, lookup configuration.Lookup, output, problems io.Writer) int {
	forced, forcing := 0, len(arguments) > 0
	if forcing {
		number, err := strconv.Atoi(arguments[len(arguments)-1])
		if len(arguments) != 2 || arguments[0] != "force" || err != nil || number < 0 {
			_, _ = io.WriteString(problems, usage)
			return exitMisconfigured
		}
		forced = number
	}
	settings, logger, err := start(lookup, output)
	if err != nil {
		return exitMisconfigured
	}
	if forcing {
		if err := database.ForceVersion(ctx, settings.Database, forced, logger); err != nil {
			logger.Error("the schema version could not be recorded", "error", err.Error())
			return exitFailure
		}
		logger.Info("the schema version was recorded", "schema_version", forced)
		return exitOK
	}
	reached, err := database.Migrate(ctx, settings.Database, logger)
	if err != nil {
		logger.Error("the database schema could not be migrated", "error", err.Error())
		return exitFailure
	}
	logger.Info("the database schema is up to date", "schema_version", reached)
	return exitOK
}
