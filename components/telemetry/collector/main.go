// Command collector brings what a stack's containers write and its services trace to VictoriaLogs, and counts: requests
// by the access lines of the ingress, what containers use by their control groups, how long certificates last.
//
// `collector health` asks the one that runs.
package main

import (
	"context"
	"flag"
	"log"
	"net"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	log.SetFlags(0)
	arguments := os.Args[1:]
	asked := len(arguments) > 0 && arguments[0] == "health"
	if asked {
		arguments = arguments[1:]
	}
	flags := flag.NewFlagSet("collector", flag.ExitOnError)
	name := flags.String("config", "/etc/gostack/collector.json", "file with the settings")
	_ = flags.Parse(arguments)
	given, secrets, err := readConfiguration(*name)
	if err != nil {
		log.Fatal(err)
	}
	if asked {
		if err := askHealth(given.Listen); err != nil {
			log.Fatal(err)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	listener, err := net.Listen("tcp", given.Listen)
	if err != nil {
		log.Fatal(err)
	}
	if err := collect(ctx, given, secrets, listener); err != nil {
		log.Fatal(err)
	}
}
