// Command tickets takes in tickets by REST and gRPC on one port.
//
//	tickets          serves on PORT; DATABASE_URL is the DSN
//	tickets worker   takes tickets from the service at TICKETS_ADDRESS and gives them a priority
//	tickets report   writes down how many tickets there are, and ends
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
	if command == "worker" {
		return work(ctx, os.Getenv("TICKETS_ADDRESS"))
	}
	db, err := sql.Open("mysql", os.Getenv("DATABASE_URL"))
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	db.SetMaxOpenConns(10)
	switch command {
	case "serve":
		return serve(ctx, ":"+os.Getenv("PORT"), &store{db})
	case "report":
		return (&store{db}).report(ctx)
	}
	return fmt.Errorf("%q is no command: use serve, worker or report", command)
}
