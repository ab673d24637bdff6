// Command console is the one page of a stack's telemetry: what its metrics, logs, traces and alerts say. It keeps
// nothing, and lets a browser read from the three stores, and only read. `console health` asks the running one.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"
)

func main() {
	log.SetFlags(0)
	arguments := os.Args[1:]
	flags := flag.NewFlagSet("console", flag.ExitOnError)
	file := flags.String("config", "/etc/gostack/console.json", "configuration, as JSON")
	// The word may stand before the flag or behind it.
	health := slices.Contains(arguments, "health")
	_ = flags.Parse(slices.DeleteFunc(arguments, func(argument string) bool { return argument == "health" }))
	config, err := readConfig(*file)
	if err != nil {
		log.Fatal(err)
	}
	if health {
		if err := ask(config.Listen, os.Stdout); err != nil {
			log.Fatal(err)
		}
		return
	}
	ended, _ := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	if err := serve(ended, config); err != nil {
		log.Fatal(err)
	}
}

func serve(ended context.Context, config Config) error {
	handler, err := newHandler(config)
	if err != nil {
		return err
	}
	server := &http.Server{
		Addr:              config.Listen,
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		// A question over many days takes the stores up to 30 seconds.
		WriteTimeout:   time.Minute,
		IdleTimeout:    2 * time.Minute,
		MaxHeaderBytes: 32 << 10,
	}
	go func() {
		<-ended.Done()
		patience, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		_ = server.Shutdown(patience)
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// ask prints what the console that listens here says of itself and of its stores.
func ask(listen string, out io.Writer) error {
	_, port, err := net.SplitHostPort(listen)
	if err != nil {
		return err
	}
	client := &http.Client{Timeout: 3 * time.Second}
	response, err := client.Get("http://" + net.JoinHostPort("127.0.0.1", port) + "/health")
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if _, err := io.Copy(out, io.LimitReader(response.Body, 64<<10)); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the console answers %s", response.Status)
	}
	return nil
}
