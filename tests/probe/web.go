package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

func (p *probe) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ready", p.ready)
	mux.HandleFunc("/healthz", p.echo)
	p.web(mux)
	p.failures(mux)
	p.streams(mux)
	if p.db != nil {
		mux.HandleFunc("POST /p/sql", p.sql)
	}
	// The same under another name, which a route with other settings has.
	mux.HandleFunc("/case/{name}/p/", func(w http.ResponseWriter, r *http.Request) {
		http.StripPrefix("/case/"+r.PathValue("name"), mux).ServeHTTP(w, r)
	})
	return mux
}

func (p *probe) ready(w http.ResponseWriter, _ *http.Request) {
	if p.sick.Load() {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

func (p *probe) web(mux *http.ServeMux) {
	mux.HandleFunc("/p/echo/", p.echo)
	for _, odd := range []string{"/v1/users:batch", "/@me", "/100%25", "/caf%C3%A9"} {
		mux.HandleFunc(odd, p.echo)
	}
	mux.HandleFunc("/p/begun", func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.Query().Get("path")
		answer(w, map[string]any{"instance": p.instance, "path": path, "begun": p.begun.of(path)})
	})
	mux.HandleFunc("/p/given", func(w http.ResponseWriter, r *http.Request) {
		text, err := shown(r.URL.Query().Get("name"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		_, _ = io.WriteString(w, text)
	})
	mux.HandleFunc("/p/write", func(w http.ResponseWriter, r *http.Request) {
		if err := os.WriteFile(r.URL.Query().Get("name"), []byte("x"), 0o600); err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
		}
	})
	mux.HandleFunc("/p/redirect", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", r.Header.Get("X-Forwarded-Proto")+"://"+r.Host+"/p/echo/after")
		w.WriteHeader(http.StatusFound)
	})
	mux.HandleFunc("/p/bigheader/{bytes}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Set-Cookie", "session="+strings.Repeat("x", number(r.PathValue("bytes"), 5000)))
	})
	mux.HandleFunc("/p/etag/{bytes}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"v1"`)
		if wanted := r.Header.Get("If-Match"); wanted != "" && wanted != `"v1"` {
			w.WriteHeader(http.StatusPreconditionFailed)
			return
		}
		answer(w, map[string]string{"text": strings.Repeat("word ", number(r.PathValue("bytes"), 4000)/5)})
	})
	mux.HandleFunc("/p/page", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Content-Security-Policy", "default-src 'self' https://cdn.example.com 'unsafe-inline'")
		w.Header().Set("X-Frame-Options", "DENY")
		w.Header().Set("Referrer-Policy", "no-referrer")
		fmt.Fprint(w, "<style>p{color:red}</style><p>red</p>")
	})
	mux.HandleFunc("/p/cors", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Access-Control-Allow-Methods", "PUT, POST")
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
		}
	})
	mux.HandleFunc("/p/fetch", func(w http.ResponseWriter, r *http.Request) {
		request, err := http.NewRequestWithContext(r.Context(), http.MethodGet, r.URL.Query().Get("url"), nil)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		for _, name := range []string{"Traceparent", "X-Request-Id", "X-Forwarded-For", "X-User-Tag"} {
			if value := r.Header.Get(name); value != "" {
				request.Header.Set(name, value)
			}
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway+98)
			return
		}
		defer func() { _ = response.Body.Close() }()
		w.WriteHeader(response.StatusCode)
		fmt.Fprintln(w, response.Status)
		_, _ = io.Copy(w, io.LimitReader(response.Body, 1<<20))
	})
	mux.HandleFunc("/p/tcp", func(w http.ResponseWriter, r *http.Request) {
		connection, err := net.DialTimeout("tcp", r.URL.Query().Get("address"), 5*time.Second)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway+98)
			return
		}
		defer func() { _ = connection.Close() }()
		_ = connection.SetDeadline(time.Now().Add(time.Second))
		_, _ = io.WriteString(connection, r.URL.Query().Get("send"))
		_, _ = io.Copy(w, io.LimitReader(connection, 1<<16))
	})
	mux.HandleFunc("/p/lookup", func(w http.ResponseWriter, r *http.Request) {
		found, err := net.DefaultResolver.LookupHost(r.Context(), r.URL.Query().Get("name"))
		fmt.Fprintln(w, found, err)
	})
	p.cities(mux)
}

// cities is an application that thinks that it lives at the root.
func (p *probe) cities(mux *http.ServeMux) {
	mux.HandleFunc("/cities", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "basket", Value: "1", Path: "/", Secure: true, HttpOnly: true})
		p.echo(w, r)
	})
	mux.HandleFunc("/cities/", p.echo)
	mux.HandleFunc("/cities/redirect", func(w http.ResponseWriter, r *http.Request) {
		target := "/cities"
		if r.URL.Query().Get("absolute") != "" {
			target = r.Header.Get("X-Forwarded-Proto") + "://" + r.Host + target
		}
		// Not http.Redirect, which would make the address of a page absolute by itself.
		w.Header().Set("Location", target)
		w.WriteHeader(http.StatusFound)
	})
}

// echo tells what arrived.
func (p *probe) echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	answer(w, map[string]any{
		"instance": p.instance, "method": r.Method, "uri": r.RequestURI, "path": r.URL.Path, "host": r.Host,
		"proto": r.Proto, "headers": r.Header, "length": r.ContentLength, "chunked": r.TransferEncoding,
		"trailer": r.Trailer, "body": len(body), "remote": r.RemoteAddr, "served": p.begun.all.Load(),
	})
}

func answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}
