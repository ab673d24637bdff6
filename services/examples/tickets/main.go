// Command tickets takes in tickets by REST and gRPC on one port.
//
//	tickets          serves on PORT
//	tickets worker   gives tickets a priority, one after the other
//	tickets report   writes down how many tickets there are, and ends
//
// DATABASE_URL is the DSN of all of them.
package main

import (
	"context"
	"database/sql"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"

	_ "github.com/go-sql-driver/mysql"
)

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer cancel()
	command := "serve"
	if len(os.Args) > 1 {
		command = os.Args[1]
	}
	if err := run(ctx, command); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, command string) error {
	db, err := sql.Open("mysql", os.Getenv("DATABASE_URL"))
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	db.SetMaxOpenConns(5)
	switch command {
	case "serve":
		return serve(ctx, ":"+os.Getenv("PORT"), &store{db})
	case "worker":
		return work(ctx, &store{db})
	case "report":
		return (&store{db}).report(ctx)
	}
	return fmt.Errorf("%q is no command: use serve, worker or report", command)
}
