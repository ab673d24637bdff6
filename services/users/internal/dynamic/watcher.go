package dynamic

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	// Consul answers a blocking query when the value changes, or after this long.
	blockingWait = 60 * time.Second
	// Consul adds up to a sixteenth of the wait to spread its load.
	requestTimeout = blockingWait + blockingWait/16 + 10*time.Second
	shortestPause  = 200 * time.Millisecond
	// The agent is on this machine: to ask it often costs little, and a change
	// that was made while it was away is in force soon after.
	longestPause = time.Second
	// The agent beside a new instance comes up after it: the settings must be
	// there before the first request.
	longestPauseAtStart = 400 * time.Millisecond
	largestDocument     = 512 << 10
)

// Document is what a key holds, as the service uses it: Settings, or flags.
type Document interface {
	// Replace takes a new document over, or leaves everything as it is and says why.
	Replace(document []byte) error
	// Reset goes back to what is so without a document.
	Reset()
	// LogValue is what is in force, for the log.
	slog.LogValuer
}

// Watcher keeps a Document equal to one key in Consul.
type Watcher struct {
	address  string
	key      string
	token    string
	document Document
	logger   *slog.Logger
	client   *http.Client
}

// NewWatcher returns a watcher of one key; address is Consul's HTTP address.
func NewWatcher(address, key, token string, document Document, logger *slog.Logger) *Watcher {
	return &Watcher{
		address: address, key: key, token: token, document: document, logger: logger,
		client: &http.Client{Timeout: requestTimeout},
	}
}

type answer struct {
	index    uint64
	found    bool
	document []byte
}

// Run follows the key until the context ends. Consul being away changes
// nothing: the last good settings stay in force.
func (w *Watcher) Run(ctx context.Context) {
	var index uint64
	var failing, reached bool
	pause := shortestPause
	for ctx.Err() == nil {
		received, err := w.ask(ctx, index)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			if !failing {
				w.logger.WarnContext(ctx, "settings cannot be read from Consul; the present ones stay in force", "key", w.key, "error", err.Error())
			}
			failing = true
			index = 0
			pause = min(2*pause, longestPause)
			if !reached {
				pause = min(pause, longestPauseAtStart)
			}
		default:
			failing = false
			reached = true
			pause = shortestPause
			if received.index != index {
				w.take(ctx, received)
			}
			// An index that went back means that Consul was restored: start over.
			if received.index < index {
				received.index = 0
			}
			index = received.index
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause/2 + rand.N(pause)):
		}
	}
}

func (w *Watcher) take(ctx context.Context, received answer) {
	if !received.found {
		w.document.Reset()
		w.logger.InfoContext(ctx, "no settings in Consul; those of the environment are in force", "key", w.key)
		return
	}
	if err := w.document.Replace(received.document); err != nil {
		w.logger.ErrorContext(ctx, "settings in Consul were refused; the present ones stay in force", "key", w.key, "error", err.Error())
		return
	}
	w.logger.InfoContext(ctx, "settings from Consul are in force", "key", w.key, "settings", w.document)
}

func (w *Watcher) ask(ctx context.Context, index uint64) (answer, error) {
	query := url.Values{"raw": {""}, "wait": {blockingWait.String()}, "index": {strconv.FormatUint(index, 10)}}
	path := strings.ReplaceAll(url.PathEscape(w.key), "%2F", "/")
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.address+"/v1/kv/"+path+"?"+query.Encode(), nil)
	if err != nil {
		return answer{}, err
	}
	if w.token != "" {
		request.Header.Set("X-Consul-Token", w.token)
	}
	response, err := w.client.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusNotFound {
		return answer{}, fmt.Errorf("the answer of Consul is %s", response.Status)
	}
	received := answer{found: response.StatusCode == http.StatusOK}
	if received.index, err = strconv.ParseUint(response.Header.Get("X-Consul-Index"), 10, 64); err != nil {
		return answer{}, fmt.Errorf("no index came from Consul: %w", err)
	}
	if received.document, err = io.ReadAll(io.LimitReader(response.Body, largestDocument)); err != nil {
		return answer{}, err
	}
	return received, nil
}
