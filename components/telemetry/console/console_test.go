package main

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// stack is a console over three stores that say which of their paths was asked.
type stack struct {
	*httptest.Server
	asked chan *http.Request
	fake  *httptest.Server
}

func newStack(t *testing.T) *stack {
	t.Helper()
	s := &stack{asked: make(chan *http.Request, 16)}
	s.fake = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Set-Cookie", "store=1")
		w.Header().Set("Content-Security-Policy", "default-src *")
		_ = r.ParseForm()
		select {
		case s.asked <- r:
		default:
		}
		_, _ = fmt.Fprint(w, r.Form.Get("query"))
	}))
	t.Cleanup(s.fake.Close)
	handler, err := newHandler(configOf(s.fake.URL))
	if err != nil {
		t.Fatal(err)
	}
	s.Server = httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s
}

func configOf(address string) Config {
	return Config{
		Stack: "dev", Listen: ":3000", Metrics: address + "/metrics", Logs: address + "/logs", Alerts: address + "/alerts",
		Hosts:        []string{"localhost", "127.0.0.1", "*.localhost"},
		Architecture: json.RawMessage(`{"regions":[{"name":"east"}]}`),
	}
}

// do sends a request line as it is written: no client cleans its path.
func (s *stack) do(t *testing.T, method, path string, change func(*http.Request)) *http.Response {
	t.Helper()
	request, err := http.NewRequest(method, s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.URL.Opaque = "//" + request.URL.Host + path
	if change != nil {
		change(request)
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

func TestAHostThatIsNotOursIsRefused(t *testing.T) {
	s := newStack(t)
	for host, want := range map[string]int{
		"localhost": 200, "localhost:3000": 200, "LOCALHOST:3000": 200, "127.0.0.1:3000": 200, "console.localhost": 200,
		"evil.example": 403, "localhost.evil.example": 403, "evil-localhost": 403, ".localhost": 403, "10.0.0.1": 403, "": 403,
	} {
		for _, path := range []string{"/", "/health", "/api/architecture", "/metrics/api/v1/query"} {
			request := httptest.NewRequest(http.MethodGet, path, nil)
			request.Host = host
			answered := httptest.NewRecorder()
			s.Config.Handler.ServeHTTP(answered, request)
			if answered.Code != want {
				t.Errorf("%s of %q: %d, want %d", path, host, answered.Code, want)
			}
		}
	}
}

func TestReadPathsReachTheirStoreBelowItsPrefix(t *testing.T) {
	s := newStack(t)
	for _, path := range []string{
		"/metrics/api/v1/query", "/metrics/api/v1/query_range", "/metrics/api/v1/series", "/metrics/api/v1/labels",
		"/metrics/api/v1/label/service/values", "/metrics/prometheus/api/v1/query", "/metrics/vmui/", "/metrics/vmui/assets/index-C3Bldx08.js",
		"/metrics/prometheus/vmui/config.json", "/logs/select/logsql/query", "/logs/select/logsql/hits", "/logs/select/logsql/stats_query",
		"/logs/select/logsql/stats_query_range", "/logs/select/logsql/field_names", "/logs/select/logsql/field_values",
		"/logs/select/vmui/", "/logs/select/vmui/assets/a.css", "/alerts/api/v1/rules", "/alerts/api/v1/alerts", "/alerts/vmalert/groups",
	} {
		if response := s.do(t, http.MethodGet, path+"?query=up", nil); response.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", path, response.Status)
			continue
		}
		if asked := <-s.asked; asked.RequestURI != path+"?query=up" {
			t.Errorf("%s asked for %s", path, asked.RequestURI)
		}
	}
}

func TestWhatChangesAStoreOrLeadsAsideDoesNotReachIt(t *testing.T) {
	s := newStack(t)
	for _, path := range []string{
		"/metrics", "/metrics/", "/metrics/api/v1/admin/tsdb/delete_series", "/metrics/api/v1/import", "/metrics/api/v1/import/prometheus",
		"/metrics/api/v1/write", "/metrics/write", "/metrics/snapshot/create", "/metrics/snapshot/delete_all", "/metrics/internal/resetRollupResultCache",
		"/metrics/-/reload", "/metrics/flags", "/metrics/metrics", "/metrics/debug/pprof/profile", "/metrics/config", "/metrics/api/v1/status/config",
		"/metrics/api/v1/export", "/metrics/prometheus/api/v1/admin/tsdb/delete_series", "/metrics/vmalert/groups", "/metrics/targets",
		"/logs/insert/jsonline", "/logs/delete/run_task", "/logs/flags", "/logs/metrics", "/logs/internal/force_merge", "/logs/select/logsql/tail",
		"/logs/internal/partition/detach", "/alerts/-/reload", "/alerts/flags", "/alerts/metrics", "/alerts/debug/pprof/",
		"/metrics/vmui/../api/v1/admin/tsdb/delete_series", "/metrics/vmui/..%2fapi/v1/admin/tsdb/delete_series", "/metrics/vmui/%2e%2e/flags",
		"/metrics/vmui/.%2e/flags", "/metrics/vmui/%252e%252e/flags", "/metrics/vmui//flags", "/metrics/vmui/./flags", "/metrics//flags",
		"/metrics/vmui/..\\flags", "/metrics/vmui/..;/flags", "/metrics/vmui/a%00", "/metrics/vmui/a%0d%0aX: y", "/metrics/api/v1/query/", "/metrics/api/v1/query%2f..%2fwrite",
		"/metrics/api/v1/label/../values", "/metrics/vmui/a%2fb", "/metrics/api/v1/label/a%2fb/values", "/logs/select/vmui/../../insert/jsonline", "/logs/../metrics/flags",
		"/alerts/vmalert/../-/reload", "/alerts/../metrics/api/v1/query",
	} {
		if response := s.do(t, http.MethodGet, path, nil); response.StatusCode < 400 {
			t.Errorf("%s: %s", path, response.Status)
		}
	}
	for _, path := range []string{"//metrics/api/v1/query", "/x/../metrics/flags", "/%6detrics/flags", "/Metrics/flags"} {
		response := s.do(t, http.MethodGet, path, nil)
		if where := response.Header.Get("Location"); response.StatusCode == http.StatusOK || strings.Contains(where, "//") {
			t.Errorf("%s: %s %s", path, response.Status, where)
		}
	}
	select {
	case asked := <-s.asked:
		t.Errorf("a store was asked for %s", asked.RequestURI)
	default:
	}
}

func TestOnlyMethodsThatReadAreAnswered(t *testing.T) {
	s := newStack(t)
	for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodOptions, http.MethodConnect, http.MethodTrace} {
		for _, path := range []string{"/", "/metrics/api/v1/query", "/logs/select/logsql/query"} {
			if response := s.do(t, method, path, nil); response.StatusCode != http.StatusMethodNotAllowed {
				t.Errorf("%s %s: %s", method, path, response.Status)
			}
		}
	}
}

func TestAQuestionArrivesWithItsFormAndWithoutCookies(t *testing.T) {
	s := newStack(t)
	response := s.do(t, http.MethodPost, "/logs/select/logsql/query", func(r *http.Request) {
		body := "query=" + "_time%3A5m+error"
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Cookie", "session=secret")
		r.Header.Set("Authorization", "Bearer secret")
		r.Header.Set("X-Forwarded-For", "1.2.3.4")
		r.Header.Set("AccountID", "7")
	})
	text, _ := io.ReadAll(response.Body)
	if string(text) != "_time:5m error" {
		t.Errorf("the answer is %q", text)
	}
	asked := <-s.asked
	for _, name := range []string{"Cookie", "Authorization", "X-Forwarded-For", "Accountid"} {
		if asked.Header.Get(name) != "" {
			t.Errorf("the store was sent %s", name)
		}
	}
}

func TestAnotherSiteCannotReadOrAsk(t *testing.T) {
	s := newStack(t)
	response := s.do(t, http.MethodGet, "/metrics/api/v1/query?query=up", nil)
	for _, name := range []string{"Access-Control-Allow-Origin", "Set-Cookie"} {
		if response.Header.Get(name) != "" {
			t.Errorf("%s of the store is passed on", name)
		}
	}
	if response.Header.Get("Cross-Origin-Resource-Policy") != "same-origin" {
		t.Error("another site may load answers")
	}
	response = s.do(t, http.MethodPost, "/metrics/api/v1/query", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") })
	if response.StatusCode != http.StatusForbidden {
		t.Errorf("a question of another site: %s", response.Status)
	}
}

func TestEveryAnswerHasOnePolicyWithoutInlineScripts(t *testing.T) {
	s := newStack(t)
	for _, path := range []string{"/", "/main.js", "/health", "/nothing", "/metrics/flags", "/metrics/api/v1/query", "/metrics/vmui/", "/logs/select/vmui/", "/alerts/vmalert/groups"} {
		header := s.do(t, http.MethodGet, path, nil).Header
		policies := header.Values("Content-Security-Policy")
		if len(policies) != 1 || !strings.HasPrefix(policies[0], "default-src 'none'; script-src 'self'; ") {
			t.Errorf("%s: %q", path, policies)
		}
		if header.Get("X-Content-Type-Options") != "nosniff" || header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: %v", path, header)
		}
	}
	if policy := s.do(t, http.MethodGet, "/", nil).Header.Get("Content-Security-Policy"); strings.Contains(policy, "unsafe") {
		t.Errorf("the page's own policy is %q", policy)
	}
}

func TestAStoreThatIsAwayIsNamedAndTheConsoleStaysHealthy(t *testing.T) {
	s := newStack(t)
	s.fake.Close()
	response := s.do(t, http.MethodGet, "/health", nil)
	var said struct {
		Status string            `json:"status"`
		Stores map[string]string `json:"stores"`
	}
	if err := json.NewDecoder(response.Body).Decode(&said); err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK || said.Status != "ok" || said.Stores["logs"] != "cannot be reached" || len(said.Stores) != 3 {
		t.Errorf("%s %+v", response.Status, said)
	}
	response = s.do(t, http.MethodGet, "/logs/select/logsql/query", nil)
	if text, _ := io.ReadAll(response.Body); response.StatusCode != http.StatusBadGateway || !strings.HasPrefix(string(text), "The logs cannot be reached") {
		t.Errorf("%s %s", response.Status, text)
	}
}

func TestTheHealthOfOneStoreIsAnAnswerOfItsOwn(t *testing.T) {
	s := newStack(t)
	status := func(path string) int { return s.do(t, http.MethodGet, path, nil).StatusCode }
	if got := status("/health/logs"); got != http.StatusOK {
		t.Errorf("%d", got)
	}
	s.fake.Close()
	if got := status("/health/logs"); got != http.StatusServiceUnavailable {
		t.Errorf("of a store that is away: %d", got)
	}
	if got := status("/health/others"); got != http.StatusNotFound {
		t.Errorf("of one that there is not: %d", got)
	}
}

func TestAStoreThatDoesNotAnswerDoesNotHoldUpHealth(t *testing.T) {
	hung := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(hung.Close)
	handler, err := newHandler(configOf(hung.URL))
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	request := httptest.NewRequest(http.MethodGet, "/health", nil)
	request.Host = "localhost"
	answered := httptest.NewRecorder()
	handler.ServeHTTP(answered, request)
	if took := time.Since(begun); answered.Code != http.StatusOK || took > 2500*time.Millisecond {
		t.Errorf("%d after %s", answered.Code, took)
	}
}

func TestHealthAsksTheRunningConsole(t *testing.T) {
	s := newStack(t)
	var said strings.Builder
	if err := ask(strings.TrimPrefix(s.URL, "http://"), &said); err != nil || !strings.Contains(said.String(), `"metrics":"ok"`) {
		t.Errorf("%v %s", err, said.String())
	}
	s.Close()
	if err := ask(strings.TrimPrefix(s.URL, "http://"), io.Discard); err == nil {
		t.Error("a console that is away is healthy")
	}
}

func TestTheArchitectureIsWhatTheConfigurationSays(t *testing.T) {
	s := newStack(t)
	text, _ := io.ReadAll(s.do(t, http.MethodGet, "/api/architecture", nil).Body)
	if want := `{"architecture":{"regions":[{"name":"east"}]},"stack":"dev"}` + "\n"; string(text) != want {
		t.Errorf("%s", text)
	}
}

func TestAConfigurationThatCannotWorkIsRefused(t *testing.T) {
	good := `{"stack":"dev","listen":":3000","metrics":"http://a/metrics","logs":"http://a/logs","alerts":"http://a/alerts","hosts":["localhost"],"architecture":{}}`
	file := filepath.Join(t.TempDir(), "console.json")
	for _, change := range [][2]string{
		{"", ""}, {`"dev"`, `dev`}, {`:3000`, `3000`}, {`["localhost"]`, `[]`}, {`,"architecture":{}`, ``}, {`http://a/logs`, `logs`}, {`"stack"`, `"stak"`},
	} {
		if err := os.WriteFile(file, []byte(strings.Replace(good, change[0], change[1], 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readConfig(file); (err == nil) != (change[0] == "") {
			t.Errorf("%q: %v", change, err)
		}
	}
}

// What the page is made of: nothing from elsewhere, and nothing of a store as markup.
func TestThePageLoadsItsOwnFilesAndMakesNoMarkupOfData(t *testing.T) {
	markup := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\(|new Function|srcdoc|setHTML`)
	elsewhere := regexp.MustCompile(`https?://[a-z]|(?:src|href)="(?:https?:)?//|@import|url\(`)
	inline := regexp.MustCompile(`<style|style=|\son[a-z]+=|javascript:|<script(?:\s+(?:src="[^"]+"|defer|type="module"))*>[^<]`)
	var names []string
	err := fs.WalkDir(page, "page", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.Contains(name, "/uplot/") {
			return err
		}
		names = append(names, filepath.Base(name))
		text, err := page.ReadFile(name)
		if err != nil {
			return err
		}
		source := strings.ReplaceAll(string(text), "http://www.w3.org/", "")
		for _, pattern := range []*regexp.Regexp{markup, elsewhere} {
			if found := pattern.FindString(withoutComments(source)); found != "" {
				t.Errorf("%s: %s", name, found)
			}
		}
		if found := inline.FindString(source); strings.HasSuffix(name, ".html") && found != "" {
			t.Errorf("%s: %s", name, found)
		}
		return nil
	})
	if err != nil || !slices.Contains(names, "main.js") {
		t.Fatal(err, names)
	}
	if _, err := page.ReadFile("page/uplot/LICENSE"); err != nil {
		t.Error("uPlot is passed on without its licence")
	}
}

func withoutComments(source string) string {
	return regexp.MustCompile(`(?m)^\s*(?://|/\*).*$`).ReplaceAllString(source, "")
}
