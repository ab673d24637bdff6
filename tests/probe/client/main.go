// Command client asks the probe as real clients do, and prints what happened to it as lines of JSON.
//
//	client ws        frames both ways, after a quiet time or one after the other
//	client sse       events as they arrive
//	client grpc      unary calls, a stream in one direction or in both, the health service
//	client slow-read downloads that are taken slowly
//	client upload    large bodies, as a form, with a length or in chunks
//	client race      requests that meet a keep-alive connection of a replica when its idle time is over
//	client tls       a handshake with one curve
//	client talk      a text said over a websocket, and what others say
//
// The last line has "event": "end" and the sums. SIGINT and SIGTERM end a client that goes on for ever. Exit code 0
// says that the line was printed, not that all went well.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"
)

// target is where a client goes, and how.
type target struct {
	url     string
	ca      string
	connect string
	headers headerFlags
	http2   bool
}

type headerFlags []string

func (h *headerFlags) String() string          { return strings.Join(*h, ", ") }
func (h *headerFlags) Set(header string) error { *h = append(*h, header); return nil }

var commands = map[string]func(context.Context, []string) (map[string]any, error){
	"ws": runWebsocket, "sse": runEvents, "grpc": runGRPC, "slow-read": runSlowRead, "upload": runUpload, "race": runRace,
	"tls": runTLS, "talk": runTalk,
}

func main() {
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: client ws|sse|grpc|slow-read|upload|race|tls|talk [flags]")
		os.Exit(2)
	}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	sums, err := commands[os.Args[1]](ctx, os.Args[2:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	tell("end", sums)
}

// flags has the flags that every client has.
func flags(name string) (*flag.FlagSet, *target) {
	set, to := flag.NewFlagSet(name, flag.ExitOnError), &target{}
	set.StringVar(&to.url, "url", "", "where to go, with scheme")
	set.StringVar(&to.ca, "ca", "", "file with the certificate of the authority")
	set.StringVar(&to.connect, "connect", "", "address to connect to in place of the URL's")
	set.Var(&to.headers, "header", "a header as Name: value; may be repeated")
	set.BoolVar(&to.http2, "http2", false, "use HTTP/2")
	return set, to
}

func (t *target) header() http.Header {
	header := http.Header{}
	for _, line := range t.headers {
		name, value, _ := strings.Cut(line, ":")
		header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	return header
}

func (t *target) tls() (*tls.Config, error) {
	text, err := os.ReadFile(t.ca)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s has no certificate", t.ca)
	}
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, nil
}

func (t *target) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if t.connect != "" {
		address = t.connect
	}
	return (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, network, address)
}

// client returns an HTTP client that follows no redirect. `receiveBuffer` > 0 limits what the kernel takes in advance.
func (t *target) client(receiveBuffer int) (*http.Client, error) {
	config, err := t.tls()
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		TLSClientConfig:     config,
		MaxIdleConnsPerHost: 1000,
		IdleConnTimeout:     10 * time.Minute,
		Protocols:           new(http.Protocols),
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			connection, err := t.dial(ctx, network, address)
			if tcp, isTCP := connection.(*net.TCPConn); isTCP && receiveBuffer > 0 {
				_ = tcp.SetReadBuffer(receiveBuffer)
			}
			return connection, err
		},
	}
	transport.Protocols.SetHTTP1(!t.http2)
	transport.Protocols.SetHTTP2(t.http2)
	stop := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &http.Client{Transport: transport, CheckRedirect: stop}, nil
}

func (t *target) host() string {
	parsed, err := url.Parse(t.url)
	if err != nil {
		return ""
	}
	return parsed.Host
}

var printing sync.Mutex

// tell prints a line.
func tell(event string, values map[string]any) {
	line := map[string]any{"event": event}
	for name, value := range values {
		line[name] = value
	}
	text, err := json.Marshal(line)
	if err != nil {
		text = []byte(`{"event": "unprintable"}`)
	}
	printing.Lock()
	defer printing.Unlock()
	_, _ = os.Stdout.Write(append(text, '\n'))
}

// tally counts how often something happened.
type tally struct {
	lock   sync.Mutex
	counts map[string]int
}

func newTally() *tally { return &tally{counts: map[string]int{}} }

func (t *tally) add(what string) {
	t.lock.Lock()
	defer t.lock.Unlock()
	t.counts[what]++
}

func (t *tally) all() map[string]int {
	t.lock.Lock()
	defer t.lock.Unlock()
	copied := map[string]int{}
	for what, count := range t.counts {
		copied[what] = count
	}
	return copied
}

// pause returns false when the context ended first.
func pause(ctx context.Context, long time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(long):
		return true
	}
}
