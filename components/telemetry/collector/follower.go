package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"
)

// settledTime is longer than a line needs from its program to here.
const settledTime = 2 * time.Second

// written is a line that a follower has read.
type written struct {
	of *follower
	found
	at time.Time
}

// follower reads the log of one container of a pod over all of its starts, by the API server.
type follower struct {
	who identity
	// uid is the pod's: another one of its name is another one.
	uid, path string
	// until is the time of the last line that was handed on: what is not newer has been read.
	until time.Time
	// told is what the kubelet said last in the place of a log.
	told string
	// restarts is how often the container has been started again; over is true when it will not be, gone when there is
	// no such pod. seen has something after a look that found the pod, or found it gone.
	restarts   atomic.Int64
	over, gone atomic.Bool
	seen       chan struct{}
	// idle is when it began to wait for what comes next, in nanoseconds since 1970; 0 while there is more to hand on.
	idle atomic.Int64
	stop context.CancelFunc

	// What follows is the collecting loop's alone. taken is the time of the last line that is counted, counted that up to
	// which every line is; ended is true when nobody reads it any more.
	taken, counted time.Time
	ended          bool
}

func (f *follower) key() string { return f.uid + "/" + f.who.Role }

// run reads until a context ends, or the container will not run again and its log has been read to its end.
func (f *follower) run(ctx context.Context, api *cluster, lines chan<- written) {
	for read := int64(0); ctx.Err() == nil && !f.gone.Load(); f.await(ctx) {
		over, restarts := f.over.Load(), f.restarts.Load()
		var err error
		if restarts != read {
			// What the start before this one said last, as far as it is not known; there may be nothing left of it.
			err = f.read(ctx, api, url.Values{"previous": {"true"}}, lines)
		}
		if err == nil || errors.Is(err, errNotThere) {
			read = restarts
			err = f.read(ctx, api, url.Values{"follow": {"true"}}, lines)
			if over && (err == nil || errors.Is(err, errNotThere)) {
				return
			}
		}
	}
}

// look says that the pod has been looked for.
func (f *follower) look() {
	select {
	case f.seen <- struct{}{}:
	default:
	}
}

// await waits until the pod has been seen again: a log is asked for by the name of a pod, which another one may have by
// now. Of two looks one has begun after this question at the latest.
func (f *follower) await(ctx context.Context) {
	for range 2 {
		select {
		case <-ctx.Done():
		case <-f.seen:
		}
		if f.gone.Load() {
			return
		}
	}
}

// read hands on what a log has that is newer than the last line; nil when it has been read to its end.
func (f *follower) read(ctx context.Context, api *cluster, query url.Values, lines chan<- written) error {
	query.Set("container", f.who.Role)
	query.Set("timestamps", "true")
	known := f.until
	if !known.IsZero() {
		// Of whole seconds: some lines come a second time.
		query.Set("sinceTime", known.UTC().Format(time.RFC3339))
	}
	// The kubelet says nothing at all, not even that there is a log, before there is a line.
	asked := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteRequest: func(httptrace.WroteRequestInfo) { f.idle.Store(time.Now().UnixNano()) },
	})
	body, err := api.open(asked, f.path, query)
	f.idle.Store(0)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	from := bufio.NewReaderSize(waiting{body, &f.idle}, 64<<10)
	var at time.Time
	for begins := true; ; {
		text, err := readLine(from)
		if err != nil && !errors.Is(err, io.EOF) {
			// Of a line whose end did not come nothing is taken: it is read again.
			return err
		}
		whole := bytes.HasSuffix(text, []byte("\n"))
		if begins {
			at, text = f.stamped(text)
		}
		begins = whole
		if at.After(known) {
			line := found{f.who, entry{time: at.Format(time.RFC3339Nano), text: bytes.TrimSuffix(text, []byte("\n"))}}
			select {
			case lines <- written{f, line, at}:
				f.until = later(f.until, at)
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if err != nil {
			return nil
		}
	}
}

// stamped takes the time off a line. One without is the kubelet's own, which has no log to read.
func (f *follower) stamped(line []byte) (time.Time, []byte) {
	written, text, _ := bytes.Cut(line, []byte(" "))
	at, err := time.Parse(time.RFC3339Nano, string(written))
	if err != nil && len(line) > 0 && string(line) != f.told {
		f.told = string(line)
		log.Printf("%s of %s: %s", f.who.Role, f.who.Instance, f.told)
	}
	return at.UTC(), text
}

// readLine is a line with its end, or the first part of one that is longer than any may be.
func readLine(from *bufio.Reader) ([]byte, error) {
	var text []byte
	for {
		piece, err := from.ReadSlice('\n')
		text = append(text, piece...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return text, err
		}
		if len(text) >= maxText {
			return text, nil
		}
	}
}

// readTo is up to when everything that the container wrote is counted; false while nobody can tell.
func (f *follower) readTo(now time.Time) (time.Time, bool) {
	if idle := f.idle.Load(); idle != 0 {
		if quiet := now.Add(-settledTime); !time.Unix(0, idle).After(quiet) {
			f.counted = later(f.counted, quiet)
		}
	}
	f.counted = later(f.counted, f.taken)
	return f.counted, !f.counted.IsZero()
}

func later(one, other time.Time) time.Time {
	if other.After(one) {
		return other
	}
	return one
}

// waiting notes since when nothing has come.
type waiting struct {
	io.Reader
	since *atomic.Int64
}

func (w waiting) Read(buffer []byte) (int, error) {
	w.since.Store(time.Now().UnixNano())
	defer w.since.Store(0)
	return w.Reader.Read(buffer)
}
