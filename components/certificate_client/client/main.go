// Command client keeps one certificate of a stack good and hands it to the ingress of each region. By ACME (RFC 8555) it
// orders it, and renews it with 30 % of its life left or when the authority advises (RFC 9773). Of the stack's own authority
// it has a series that was signed in advance, of which it hands out the next one at that time.
//
// `client health` asks the one that runs.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/go-acme/lego/v5/log"
)

const configurationFile = "/etc/gostack/certificates.json"

func main() {
	if err := do(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func do(arguments []string) error {
	file := configurationFile
	if name, found := os.LookupEnv("CONFIGURATION"); found {
		file = name
	}
	given, err := readConfiguration(file)
	if err != nil {
		return err
	}
	if len(arguments) == 1 && arguments[0] == "health" {
		return askHealth(given.Listen)
	}
	if len(arguments) > 0 {
		return errors.New("client [health]")
	}
	lines := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	slog.SetDefault(lines)
	log.SetDefault(lines)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	return serve(ctx, given, firstRetry)
}

func serve(ctx context.Context, given configuration, retry time.Duration) error {
	server := newServer(given, &tokens{}, newMetrics(given.Names[0]))
	certificates, err := newKeeper(given, server, retry)
	if err != nil {
		return err
	}
	if err := certificates.load(); err != nil {
		return err
	}
	plain, err := net.Listen("tcp", given.Listen)
	if err != nil {
		return err
	}
	secret, err := net.Listen("tcp", given.ListenTLS)
	if err != nil {
		return err
	}
	slog.Info("certificates are kept good", "names", given.Names, "directory", given.Directory)
	// What is being kept is kept to its end.
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	defer func() { stop(); <-ended }()
	go func() {
		defer close(ended)
		certificates.run(ctx)
	}()
	return server.run(ctx, plain, secret)
}

// keeper keeps the certificate good that a server hands out.
type keeper interface {
	// load hands out what is there already.
	load() error
	run(ctx context.Context)
}

// newKeeper returns the one for a series, where the stack gives one, or that for ACME.
func newKeeper(given configuration, server *server, retry time.Duration) (keeper, error) {
	if len(given.Series) > 0 {
		return newSeries(given, server.metrics, server.publish)
	}
	solver, err := newSolver(given, server.answers)
	if err != nil {
		return nil, err
	}
	authority, err := newAuthority(given, solver)
	if err != nil {
		return nil, err
	}
	kept, err := openStore(given.State, given.StateKey)
	if err != nil {
		return nil, err
	}
	return &renewal{
		given: given, authority: authority, store: kept, metrics: server.metrics,
		publish: server.publish, serving: server.serving, retry: retry,
	}, nil
}

func askHealth(listen string) error {
	_, port, err := net.SplitHostPort(listen)
	if err != nil {
		return err
	}
	client := &http.Client{Timeout: 2 * time.Second}
	response, err := client.Get("http://127.0.0.1:" + port + "/health")
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return errors.New(response.Status)
	}
	return nil
}
