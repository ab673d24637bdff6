package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"
)

const slowGreeter = "SLOW_GREETER"

// TestMain lets this program run itself once more, as a greeter with a slow handler in a process of its own.
func TestMain(m *testing.M) {
	if os.Getenv(slowGreeter) == "" {
		os.Exit(m.Run())
	}
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr())
	err = serve(stop, listener, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Println("asked")
		time.Sleep(2 * time.Second)
		fmt.Fprint(w, "finished")
	}))
	if err != nil {
		panic(err)
	}
}

func TestARequestOfTwoSecondsSurvivesTheStopSignal(t *testing.T) {
	process := exec.CommandContext(t.Context(), os.Args[0])
	process.Env = append(os.Environ(), slowGreeter+"=1")
	process.Stderr = os.Stderr
	output, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(output)
	address, err := lines.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	type answer struct {
		body string
		err  error
	}
	answered := make(chan answer, 1)
	go func() {
		response, err := http.Get("http://" + strings.TrimSpace(address) + "/")
		if err != nil {
			answered <- answer{err: err}
			return
		}
		defer func() { _ = response.Body.Close() }()
		body, err := io.ReadAll(response.Body)
		answered <- answer{string(body), err}
	}()
	if _, err := lines.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if err := process.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if got := <-answered; got.err != nil || got.body != "finished" {
		t.Errorf("the request in flight: %q, %v", got.body, got.err)
	}
	if err := process.Wait(); err != nil {
		t.Errorf("the greeter did not stop cleanly: %v", err)
	}
}
