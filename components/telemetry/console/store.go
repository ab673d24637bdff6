package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// store is one of the three programs whose answers the page shows.
type store struct {
	name    string
	address string
	// reads are the paths, behind the store's prefix, that cannot change anything. All others do not exist here: a store
	// deletes series, takes rows and shows its flags at the same port.
	reads *regexp.Regexp
}

// The pages of the stores and their files: no segment begins with a dot, so that none leads up.
const (
	segment = `[A-Za-z0-9_-][A-Za-z0-9._-]*`
	files   = `(?:/` + segment + `)*/?`
)

func (c Config) stores() []store {
	return []store{
		{"metrics", c.Metrics, regexp.MustCompile(
			// The store's own page asks below /prometheus.
			`^(?:/prometheus)?(?:/api/v1/(?:query|query_range|series|labels|label/` + segment + `/values|metadata|status/(?:tsdb|buildinfo))` +
				`|/vmui` + files + `)$`)},
		{"logs", c.Logs, regexp.MustCompile(
			`^(?:/select/logsql/(?:query|hits|facets|stats_query|stats_query_range|field_names|field_values|streams|stream_ids` +
				`|stream_field_names|stream_field_values)|/select/(?:tenant_ids|buildinfo)|/select/vmui` + files + `)$`)},
		{"alerts", c.Alerts, regexp.MustCompile(`^(?:/api/v1/(?:rules|rule|alerts|alert)|/vmalert` + files + `)$`)},
	}
}

// askedHeaders are those of a browser that a store has a use for. Cookies of other programs on localhost are none.
var askedHeaders = []string{"Accept", "Accept-Encoding", "Content-Type", "If-None-Match", "If-Modified-Since", "Range"}

// handler answers paths below "/<name>/" with what the store says.
func (s store) handler() (http.Handler, error) {
	address, err := url.Parse(s.address)
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	transport.ResponseHeaderTimeout = 30 * time.Second
	proxy := &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL = address.JoinPath(strings.TrimPrefix(r.In.URL.Path, "/"+s.name))
			r.Out.URL.RawQuery = r.In.URL.RawQuery
			r.Out.Host = ""
			r.Out.Header = http.Header{"User-Agent": {"console"}}
			for _, name := range askedHeaders {
				if values := r.In.Header.Values(name); len(values) > 0 {
					r.Out.Header[name] = values
				}
			}
		},
		ModifyResponse: func(response *http.Response) error {
			for name := range response.Header {
				// The stores allow every site to read them.
				if strings.HasPrefix(name, "Access-Control-") || name == "Server" || strings.HasPrefix(name, "X-Server-") || name == "Set-Cookie" {
					response.Header.Del(name)
				}
			}
			// One policy, the console's: the stores have none that knows of it.
			for _, name := range []string{"Content-Security-Policy", "X-Frame-Options", "X-Content-Type-Options", "Referrer-Policy"} {
				response.Header.Del(name)
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, fmt.Sprintf("The %s cannot be reached: %v", s.name, err), http.StatusBadGateway)
		},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The path as it came: one with an escape is no path of a read.
		path := strings.TrimPrefix(r.URL.EscapedPath(), "/"+s.name)
		if !s.reads.MatchString(path) {
			http.Error(w, "This cannot be read through the console.", http.StatusForbidden)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
		if !strings.Contains(path, "/api/") && !strings.Contains(path, "/logsql/") {
			w.Header().Set("Content-Security-Policy", storePolicy)
		}
		proxy.ServeHTTP(w, r)
	}), nil
}

const storeIsWell = "ok"

// state is storeIsWell, or why the store is not.
func (s store) state(asked context.Context) string {
	limited, cancel := context.WithTimeout(asked, time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(limited, http.MethodGet, s.address+"/health", nil)
	if err != nil {
		return err.Error()
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "cannot be reached"
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return "answers " + response.Status
	}
	return storeIsWell
}
