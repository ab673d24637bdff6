// Command probe is what the tests of the local cluster run in pods: a web server, a client, a reader and writer of
// files, in one static program without a shell.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const patience = 2 * time.Second

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) == 0 {
		return fmt.Errorf("usage: probe serve TEXT | wait | get URL | dial ADDRESS | lookup NAME | write FILE TEXT | read FILE")
	}
	argument := func(index int) string {
		if index < len(arguments) {
			return arguments[index]
		}
		return ""
	}
	switch arguments[0] {
	case "serve":
		return serve(argument(1))
	case "wait":
		wait()
		return nil
	case "get":
		return get(argument(1))
	case "dial":
		connection, err := net.DialTimeout("tcp", argument(1), patience)
		if err != nil {
			return err
		}
		return connection.Close()
	case "lookup":
		addresses, err := net.LookupHost(argument(1))
		fmt.Println(addresses)
		return err
	case "write":
		if err := os.WriteFile(argument(1), []byte(argument(2)), 0o600); err != nil {
			return err
		}
		wait()
		return nil
	case "read":
		content, err := os.ReadFile(argument(1))
		fmt.Print(string(content))
		return err
	}
	return fmt.Errorf("unknown command %s", arguments[0])
}

func serve(text string) error {
	server := &http.Server{Addr: ":8080", Handler: http.HandlerFunc(func(writer http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(writer, text)
	})}
	drained := make(chan error, 1)
	go func() {
		wait()
		drained <- server.Shutdown(context.Background())
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-drained
}

func get(url string) error {
	client := http.Client{Timeout: patience}
	answer, err := client.Get(url)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, err = io.Copy(os.Stdout, answer.Body)
	return err
}

func wait() {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	<-stop
}
