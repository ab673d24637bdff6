package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"
)

// streams are answers and requests that last: event streams, websockets, large bodies, trailers.
func (p *probe) streams(mux *http.ServeMux) {
	mux.HandleFunc("/p/events", p.events)
	mux.HandleFunc("/p/ws", p.websocket)
	mux.HandleFunc("/p/upgrade", p.upgrade)
	mux.HandleFunc("POST /p/upload", p.uploadForm)
	mux.HandleFunc("/p/body", func(w http.ResponseWriter, r *http.Request) {
		size, err := io.Copy(io.Discard, r.Body)
		answer(w, map[string]any{"instance": p.instance, "bytes": size, "whole": err == nil})
	})
	mux.HandleFunc("/p/download/{mib}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/octet-stream")
		block := make([]byte, 1<<20)
		for range number(r.PathValue("mib"), 1) {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("/p/trailers", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Trailer", "X-Checksum")
		fmt.Fprintln(w, "body")
		w.Header().Set("X-Checksum", "42")
	})
}

// events sends `count` (default 60) events, one every `pause` seconds (default 1), each with the time in nanoseconds.
func (p *probe) events(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-cache")
	if query.Get("unbuffered") != "" {
		w.Header().Set("X-Accel-Buffering", "no")
	}
	stream := http.NewResponseController(w)
	for index := range number(query.Get("count"), 60) {
		event, _ := json.Marshal(map[string]any{"index": index, "sent": time.Now().UnixNano(), "instance": p.instance})
		if _, err := fmt.Fprintf(w, "id: %d\ndata: %s\n\n", index, event); err != nil {
			return
		}
		_ = stream.Flush()
		select {
		case <-r.Context().Done():
			return
		case <-p.stopping:
			return
		case <-time.After(seconds(query.Get("pause"), 1)):
		}
	}
}

// websocket echoes frames until the client leaves, or says goodbye when the process is told to end. A browser's Origin
// must be the host that the service is told, as is the library's default.
func (p *probe) websocket(w http.ResponseWriter, r *http.Request) {
	p.open.Add(1)
	defer p.open.Done()
	connection, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer func() { _ = connection.CloseNow() }()
	ended := make(chan struct{})
	go func() {
		select {
		case <-p.stopping:
			_ = connection.Close(websocket.StatusGoingAway, "the service is released anew")
		case <-ended:
		}
	}()
	defer close(ended)
	for {
		kind, text, err := connection.Read(r.Context())
		if err != nil {
			return
		}
		echo, _ := json.Marshal(map[string]any{"instance": p.instance, "echo": string(text)})
		if err := connection.Write(r.Context(), kind, echo); err != nil {
			return
		}
	}
}

// upgrade is the handshake alone, written by hand as small services do.
func (p *probe) upgrade(w http.ResponseWriter, r *http.Request) {
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		http.Error(w, "Upgrade header missing", http.StatusUpgradeRequired)
		return
	}
	if origin := r.Header.Get("Origin"); origin != "" && !strings.HasSuffix(origin, "//"+r.Host) {
		http.Error(w, "origin "+origin+" is not host "+r.Host, http.StatusForbidden)
		return
	}
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	fmt.Fprint(connection, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello")
	_ = connection.Close()
}

// uploadForm counts the bytes of a form's file without keeping them.
func (p *probe) uploadForm(w http.ResponseWriter, r *http.Request) {
	parts, err := r.MultipartReader()
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	for {
		part, err := parts.NextPart()
		if err != nil {
			http.Error(w, "no file: "+err.Error(), http.StatusBadRequest)
			return
		}
		if part.FormName() != "file" {
			continue
		}
		size, err := io.Copy(io.Discard, part)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		answer(w, map[string]any{"instance": p.instance, "file": part.FileName(), "bytes": size})
		return
	}
}
