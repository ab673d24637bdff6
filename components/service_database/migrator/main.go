// Command migrator brings a service's schema to the newest of the SQL files in its folder `migrations`, and ends.
//
//	migrator up [VERSION]   VERSION is recorded first where a file ended half-way, as a person says who has looked
package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/golang-migrate/migrate/v4/source/iofs"
)

const (
	// A primary that starts, or moves, is waited for.
	patience             = 2 * time.Minute
	pauseBetweenAttempts = time.Second
	none                 = -1
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	say := log.New(os.Stdout, "", 0)
	if err := run(ctx, os.Args[1:], os.DirFS("migrations"), say); err != nil {
		say.Print("error: ", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string, folder fs.FS, say *log.Logger) error {
	given, err := parse(arguments)
	if err != nil {
		return err
	}
	files, err := iofs.New(folder, ".")
	if err != nil {
		return err
	}
	settings, err := settingsOf(os.Getenv)
	if err != nil {
		return err
	}
	started := time.Now()
	for {
		err := migrate(ctx, settings, &upgrade{files: files, names: names(folder), forced: given, say: say})
		limit := patience
		if errors.Is(err, errLocked) {
			// The server goes on with a statement whose client was killed, and holds the lock until it is done.
			limit = max(limit, settings.lockTimeout)
		}
		if !errors.Is(err, errNotYet) || time.Since(started) > limit {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("stopped while it waited: %w", err)
		case <-time.After(pauseBetweenAttempts):
		}
	}
}

// parse returns the version to record where a file ended half-way, or none.
func parse(arguments []string) (int, error) {
	if len(arguments) == 0 || len(arguments) > 2 || arguments[0] != "up" {
		return none, errors.New("the arguments are: up [VERSION]")
	}
	if len(arguments) == 1 {
		return none, nil
	}
	version, err := strconv.Atoi(arguments[1])
	if err != nil || version < 0 {
		return none, fmt.Errorf("%q is not a version", arguments[1])
	}
	return version, nil
}
