// Command token-verifier tells the Nginx beside it whether a request's bearer token (RFC 7519) is good, and whose it is.
//
// It reads ADDRESS, where it answers, and LOGINS: name of a login to what its tokens must say and where the keys are, as
// JSON. With --ready it ends with 0 once the program at ADDRESS answers.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	log.SetFlags(0)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	address := os.Getenv("ADDRESS")
	if slices.Contains(os.Args[1:], "--ready") {
		connection, err := net.DialTimeout("tcp", address, time.Second)
		if err != nil {
			log.Fatal(err)
		}
		_ = connection.Close()
		return
	}
	if err := run(ctx, address, os.Getenv("LOGINS")); err != nil {
		log.Fatalf("token-verifier: %v", err)
	}
}

func run(ctx context.Context, address, logins string) error {
	var given map[string]settings
	if err := json.Unmarshal([]byte(logins), &given); err != nil {
		return fmt.Errorf("LOGINS: %w", err)
	}
	mux := http.NewServeMux()
	for name, login := range given {
		made, err := newVerifier(ctx, login)
		if err != nil {
			return fmt.Errorf("login %s: %w", name, err)
		}
		mux.Handle("GET /"+name, made)
	}
	listener, err := listen(ctx, address)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	ended := make(chan error, 1)
	go func() {
		<-ctx.Done()
		patience, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		// Nginx asks whoever comes next; what it has asked already is answered.
		ended <- server.Shutdown(patience)
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-ended
}

// listen shares the address with the program of the update before, until that one ends; one that does not share it is
// waited for.
func listen(ctx context.Context, address string) (net.Listener, error) {
	shared := net.ListenConfig{Control: share}
	for {
		listener, err := shared.Listen(ctx, "tcp", address)
		if !errors.Is(err, syscall.EADDRINUSE) {
			return listener, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func share(_, _ string, connection syscall.RawConn) error {
	var refused error
	err := connection.Control(func(descriptor uintptr) {
		refused = unix.SetsockoptInt(int(descriptor), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
	})
	return errors.Join(err, refused)
}
