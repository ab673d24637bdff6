package main

import (
	"embed"
	"encoding/json"
	"io/fs"
	"net/http"
	"strings"
	"sync"
)

//go:embed page
var page embed.FS

const (
	// Scripts come from files of the console alone: a text of a log that reached the markup would still not run.
	pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	// The stores' own pages write styles into their markup.
	storePolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; " +
		"font-src 'self' data:; connect-src 'self'; manifest-src 'self'; worker-src 'self' blob:; base-uri 'self'; " +
		"form-action 'self'; frame-ancestors 'none'"
)

// newHandler is the console: its page, what the stack tells it, its health, and what may be read of the stores.
func newHandler(config Config) (http.Handler, error) {
	files, err := fs.Sub(page, "page")
	if err != nil {
		return nil, err
	}
	own := http.NewServeMux()
	own.Handle("GET /", http.FileServerFS(files))
	own.HandleFunc("GET /api/architecture", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"stack": config.Stack, "architecture": config.Architecture})
	})
	own.HandleFunc("GET /health", func(w http.ResponseWriter, r *http.Request) {
		// A console without stores is not repaired by a restart, and can still say which one is away.
		answer(w, map[string]any{"status": "ok", "stores": states(r, config.stores())})
	})
	readable := map[string]http.Handler{}
	for _, store := range config.stores() {
		// For a kubelet, which does not reach the store itself.
		own.HandleFunc("GET /health/"+store.name, func(w http.ResponseWriter, r *http.Request) {
			if state := store.state(r.Context()); state != storeIsWell {
				http.Error(w, state, http.StatusServiceUnavailable)
			}
		})
		if readable[store.name], err = store.handler(); err != nil {
			return nil, err
		}
	}
	routed := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		// Not by the mux, which answers a path with dots by a redirection.
		if handler, known := readable[head]; known {
			handler.ServeHTTP(w, r)
			return
		}
		own.ServeHTTP(w, r)
	})
	return guarded(config, http.NewCrossOriginProtection().Handler(routed)), nil
}

// guarded refuses what no page of the console sends, and tells browsers to be strict.
func guarded(config Config, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", pagePolicy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("X-Frame-Options", "DENY")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cache-Control", "no-cache")
		if !config.knows(r.Host) {
			http.Error(w, "The console does not answer to this name.", http.StatusForbidden)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodPost {
			http.Error(w, "The console only reads.", http.StatusMethodNotAllowed)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func states(r *http.Request, stores []store) map[string]string {
	found := make([]string, len(stores))
	var asked sync.WaitGroup
	for i, store := range stores {
		asked.Go(func() { found[i] = store.state(r.Context()) })
	}
	asked.Wait()
	named := map[string]string{}
	for i, store := range stores {
		named[store.name] = found[i]
	}
	return named
}

func answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}
