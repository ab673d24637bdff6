package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"sync"
	"time"
)

const (
	mebibyte = 1 << 20
	// smallBuffer keeps the kernel from taking in advance what a slow reader has not asked for.
	smallBuffer = 64 << 10
)

// runSlowRead downloads over `connections` at once, each of them at `rate` bytes a second, and gives up after `seconds`.
func runSlowRead(ctx context.Context, arguments []string) (map[string]any, error) {
	set, to := flags("slow-read")
	connections := set.Int("connections", 1, "downloads at once")
	rate := set.Int("rate", 64<<10, "bytes a second of each; 0 for as fast as possible")
	limit := set.Duration("for", time.Minute, "time after which they are given up")
	_ = set.Parse(arguments)
	client, err := to.client(smallBuffer)
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, *limit)
	defer cancel()
	outcomes, statuses := newTally(), newTally()
	var lock sync.Mutex
	total := int64(0)
	together(*connections, func(int) {
		read, status, err := slowly(limited, client, to, *rate)
		lock.Lock()
		total += read
		lock.Unlock()
		statuses.add(fmt.Sprint(status))
		switch {
		case err == nil:
			outcomes.add("whole")
		case limited.Err() != nil:
			outcomes.add("still going")
		default:
			outcomes.add(fmt.Sprintf("cut: %v", err))
		}
	})
	return map[string]any{"bytes": total, "statuses": statuses.all(), "outcomes": outcomes.all()}, nil
}

func slowly(ctx context.Context, client *http.Client, to *target, rate int) (int64, int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, to.url, nil)
	if err != nil {
		return 0, 0, err
	}
	request.Header = to.header()
	response, err := client.Do(request)
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = response.Body.Close() }()
	tell("open", map[string]any{"status": response.StatusCode})
	if rate == 0 {
		read, err := io.Copy(io.Discard, response.Body)
		return read, response.StatusCode, err
	}
	read := int64(0)
	for {
		taken, err := io.CopyN(io.Discard, response.Body, int64(rate)/10+1)
		read += taken
		if err == io.EOF {
			return read, response.StatusCode, nil
		}
		if err != nil {
			return read, response.StatusCode, err
		}
		if !pause(ctx, 100*time.Millisecond) {
			return read, response.StatusCode, ctx.Err()
		}
	}
}

// runUpload sends `connections` bodies of `mib` MiB at once and compares how much the service says that it got.
func runUpload(ctx context.Context, arguments []string) (map[string]any, error) {
	set, to := flags("upload")
	connections := set.Int("connections", 1, "uploads at once")
	size := set.Int64("mib", 1, "MiB of each")
	kind := set.String("kind", "length", "form (multipart), length (Content-Length) or chunked")
	method := set.String("method", http.MethodPost, "method")
	rate := set.Int64("rate", 0, "bytes a second of each; 0 for as fast as possible")
	_ = set.Parse(arguments)
	client, err := to.client(0)
	if err != nil {
		return nil, err
	}
	outcomes := newTally()
	together(*connections, func(int) {
		outcome := upload(ctx, client, to, *method, *kind, *size*mebibyte, *rate)
		tell("upload", map[string]any{"outcome": outcome})
		outcomes.add(outcome)
	})
	return map[string]any{"outcomes": outcomes.all()}, nil
}

func upload(ctx context.Context, client *http.Client, to *target, method, kind string, size, rate int64) string {
	body := io.Reader(&zeros{ctx: ctx, left: size, rate: rate})
	header := to.header()
	length := size
	if kind == "form" {
		body, length = form(body, header), -1
	} else if kind == "chunked" {
		length = -1
	}
	request, err := http.NewRequestWithContext(ctx, method, to.url, body)
	if err != nil {
		return err.Error()
	}
	request.Header, request.ContentLength = header, length
	tell("begins", nil)
	response, err := client.Do(request)
	if err != nil {
		return fmt.Sprintf("no answer: %v", err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, mebibyte))
	if err != nil {
		return fmt.Sprintf("status %d, cut: %v", response.StatusCode, err)
	}
	var answer struct{ Bytes int64 }
	if response.StatusCode == http.StatusOK && json.Unmarshal(text, &answer) == nil && answer.Bytes == size {
		return "whole"
	}
	return fmt.Sprintf("status %d: %.200s", response.StatusCode, text)
}

func form(file io.Reader, header http.Header) io.Reader {
	reader, writer := io.Pipe()
	parts := multipart.NewWriter(writer)
	header.Set("Content-Type", parts.FormDataContentType())
	go func() {
		part, err := parts.CreateFormFile("file", "big")
		if err == nil {
			_, err = io.Copy(part, file)
		}
		if err == nil {
			err = parts.Close()
		}
		_ = writer.CloseWithError(err)
	}()
	return reader
}

// zeros is a body of `left` bytes, of which `rate` come each second (0: at once).
type zeros struct {
	ctx        context.Context
	left, rate int64
	begun      time.Time
	given      int64
}

func (z *zeros) Read(into []byte) (int, error) {
	if z.left == 0 {
		return 0, io.EOF
	}
	if z.begun.IsZero() {
		z.begun = time.Now()
	}
	if z.rate > 0 {
		due := time.Duration(float64(z.given) / float64(z.rate) * float64(time.Second))
		if !pause(z.ctx, due-time.Since(z.begun)) {
			return 0, z.ctx.Err()
		}
	}
	size := min(int64(len(into)), z.left)
	clear(into[:size])
	z.left -= size
	z.given += size
	return int(size), nil
}

func together(count int, work func(int)) {
	var group sync.WaitGroup
	for index := range count {
		group.Go(func() { work(index) })
	}
	group.Wait()
}
