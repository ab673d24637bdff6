// Command collector brings what a stack's containers write and its services trace to VictoriaLogs, and counts: requests
// by the access lines of the ingress, what containers use by their control groups, how long certificates last, how the
// members of MySQL are.
//
// `collector health` asks the one that runs.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	log.SetFlags(0)
	name, asked, err := arguments(os.Args[1:])
	if err != nil {
		log.Fatal(err)
	}
	given, secrets, err := readConfiguration(name)
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

// arguments takes `health` before and after the flag.
func arguments(given []string) (name string, health bool, err error) {
	flags := flag.NewFlagSet("collector", flag.ContinueOnError)
	flags.StringVar(&name, "config", "/etc/gostack/collector.json", "file with the settings")
	if err := flags.Parse(given); err != nil {
		return "", false, err
	}
	if health = flags.Arg(0) == "health"; health {
		if err := flags.Parse(flags.Args()[1:]); err != nil {
			return "", false, err
		}
	}
	if flags.NArg() > 0 {
		return "", false, fmt.Errorf("collector [health] [-config FILE], not %q", flags.Arg(0))
	}
	return name, health, nil
}
