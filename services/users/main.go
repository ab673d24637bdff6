// Command users is a small, complete microservice: the model for another one.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"gostack.dev/users/internal/configuration"
)

// The linker writes these: -ldflags "-X main.version=… -X main.commit=…".
var (
	version = "development"
	commit  = "unknown"
)

// What the process says to whoever started it.
const (
	exitOK            = 0
	exitFailure       = 1
	exitMisconfigured = 2
)

const usage = `Usage:
  users [serve]                  serve requests
  users migrate                  bring the database schema to the newest version
  users migrate force VERSION    record a version after an interrupted migration was repaired
  users seed                     create example users; those that are there stay
  users health                   ask the local server whether it is ready
  users version                  print the version
`

func main() {
	// The first signal asks to drain; stop then restores the default, so that
	// the second one ends the process at once.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.LookupEnv, os.Stdout, os.Stderr))
}

func run(ctx context.Context, arguments []string, lookup configuration.Lookup, output, problems io.Writer) int {
	command := "serve"
	if len(arguments) > 0 {
		command, arguments = arguments[0], arguments[1:]
	}
	switch {
	case command == "serve" && len(arguments) == 0:
		return serve(ctx, lookup, output)
	case command == "migrate":
		return migrate(ctx, arguments, lookup, output, problems)
	case command == "seed" && len(arguments) == 0:
		return seed(ctx, lookup, output)
	case command == "health" && len(arguments) == 0:
		return health(ctx, lookup, problems)
	case command == "version" && len(arguments) == 0:
		identity := configuration.LoadIdentity(lookup, version, commit)
		_, _ = fmt.Fprintf(output, "%s %s (%s)\n", identity.Service, identity.Version, identity.Commit)
		return exitOK
	}
	_, _ = io.WriteString(problems, usage)
	return exitMisconfigured
}
