package httpserver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"gostack.dev/users/internal/configuration"
	"gostack.dev/users/internal/observability"
)

type serverFixture struct {
	router  *Router
	health  *Health
	options Options
	log     *bytes.Buffer
}

func newFixture(dependencies ...Dependency) *serverFixture {
	log := &bytes.Buffer{}
	logger := slog.New(slog.NewJSONHandler(log, nil))
	router := NewRouter(logger)
	health := NewHealth(Without{}, dependencies...)
	identity := configuration.Identity{Service: "test", Region: "east"}
	health.Register(router, identity)
	metrics := observability.NewMetrics(identity)
	router.HandlePlain("GET /metrics", metrics.Handler())
	return &serverFixture{router: router, health: health, log: log, options: Options{
		Router: router, Health: health, Metrics: metrics, Logger: logger,
		Allow: func() bool { return true }, Feature: func(string) bool { return false },
		RequestTimeout: time.Minute, MaximumBodyBytes: 100, ShutdownTimeout: time.Minute,
	}}
}

func (f *serverFixture) ask(method, target string, header http.Header) *httptest.ResponseRecorder {
	request := httptest.NewRequest(method, target, nil)
	for name, values := range header {
		request.Header[name] = values
	}
	recorded := httptest.NewRecorder()
	New(f.options).Handler().ServeHTTP(recorded, request)
	return recorded
}

func code(t *testing.T, recorded *httptest.ResponseRecorder) int {
	t.Helper()
	var body struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	}
	if err := json.Unmarshal(recorded.Body.Bytes(), &body); err != nil {
		t.Fatalf("not the unified body: %s", recorded.Body)
	}
	if body.Code != recorded.Code || body.Message == "" {
		t.Errorf("status %d with body %s", recorded.Code, recorded.Body)
	}
	return body.Code
}

func ok(*http.Request) (Reply, error) { return Reply{Status: http.StatusOK, Message: "ok"}, nil }

func TestUnknownAddressesAndMethodsAreAnsweredInTheUnifiedBody(t *testing.T) {
	fixture := newFixture()
	fixture.router.Handle("GET /api/thing", ok)
	if got := code(t, fixture.ask(http.MethodGet, "/nothing", nil)); got != http.StatusNotFound {
		t.Errorf("unknown address: %d", got)
	}
	refused := fixture.ask(http.MethodDelete, "/api/thing", nil)
	if got := code(t, refused); got != http.StatusMethodNotAllowed || refused.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("unknown method: %d, allowed %q", got, refused.Header().Get("Allow"))
	}
}

func TestAPanicBecomesAnAnswerWithoutItsText(t *testing.T) {
	fixture := newFixture()
	fixture.router.Handle("GET /api/thing", func(*http.Request) (Reply, error) { panic("the secret plan") })
	recorded := fixture.ask(http.MethodGet, "/api/thing", nil)
	if got := code(t, recorded); got != http.StatusInternalServerError || strings.Contains(recorded.Body.String(), "secret") {
		t.Errorf("got %s", recorded.Body)
	}
	if !strings.Contains(fixture.log.String(), "the secret plan") {
		t.Error("the log does not say what happened")
	}
}

func TestTheRateLimitSparesTheHealthChecks(t *testing.T) {
	fixture := newFixture()
	fixture.router.Handle("GET /api/thing", ok)
	fixture.options.Allow = func() bool { return false }
	limited := fixture.ask(http.MethodGet, "/api/thing", nil)
	if got := code(t, limited); got != http.StatusTooManyRequests || limited.Header().Get("Retry-After") == "" {
		t.Errorf("limited: %d", got)
	}
	if got := code(t, fixture.ask(http.MethodGet, "/health/ready", nil)); got != http.StatusOK {
		t.Errorf("health: %d", got)
	}
}

func TestTheReadOnlyFeatureRefusesWritesOnly(t *testing.T) {
	fixture := newFixture()
	fixture.router.Handle("GET /api/thing", ok)
	fixture.router.Handle("POST /api/thing", ok)
	fixture.router.Handle("POST /login", ok)
	fixture.options.Feature = func(name string) bool { return name == ReadOnlyFeature }
	for _, path := range []string{"/api/thing", "/login"} {
		if got := code(t, fixture.ask(http.MethodPost, path, nil)); got != http.StatusServiceUnavailable {
			t.Errorf("write to %s: %d", path, got)
		}
	}
	if got := code(t, fixture.ask(http.MethodGet, "/api/thing", nil)); got != http.StatusOK {
		t.Errorf("read: %d", got)
	}
}

func TestRequestIDsAreTakenOverUnlessTheyAreDangerous(t *testing.T) {
	fixture := newFixture()
	if got := fixture.ask(http.MethodGet, "/version", http.Header{"X-Request-Id": {"abc-1"}}).Header().Get("X-Request-ID"); got != "abc-1" {
		t.Errorf("got %q", got)
	}
	for _, bad := range []string{"", "a b", "a\nb", "a\"b", strings.Repeat("a", 129)} {
		if got := fixture.ask(http.MethodGet, "/version", http.Header{"X-Request-Id": {bad}}).Header().Get("X-Request-ID"); len(got) != 32 || got == bad {
			t.Errorf("%q became %q", bad, got)
		}
	}
}

func TestRequestsAreLoggedAndHealthChecksAreNot(t *testing.T) {
	fixture := newFixture()
	fixture.ask(http.MethodGet, "/health/live", nil)
	if fixture.log.Len() > 0 {
		t.Errorf("a health check was logged: %s", fixture.log)
	}
	fixture.ask(http.MethodGet, "/version", nil)
	if !strings.Contains(fixture.log.String(), `"route":"/version","status":200`) {
		t.Errorf("log: %s", fixture.log)
	}
}

func TestMetricsAreByRouteAndInventedMethodsAreOne(t *testing.T) {
	fixture := newFixture()
	fixture.router.Handle("GET /api/things/{id}", ok)
	fixture.ask(http.MethodGet, "/api/things/1", nil)
	fixture.ask(http.MethodGet, "/api/things/2", nil)
	fixture.ask("INVENTED", "/api/things/2", nil)
	text := fixture.ask(http.MethodGet, "/metrics", nil).Body.String()
	for _, line := range []string{
		`http_request_duration_seconds_count{method="GET",route="/api/things/{id}",status="200"} 2`,
		`http_request_duration_seconds_count{method="other",route="unmatched",status="405"} 1`,
		`http_requests_in_flight 1`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("missing: %s", line)
		}
	}
}

type switchable struct {
	mutex sync.Mutex
	err   error
}

func (s *switchable) set(err error) { s.mutex.Lock(); s.err = err; s.mutex.Unlock() }
func (s *switchable) check(context.Context) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.err
}

func TestAnInstanceThatKnowsEnoughStaysWhileItsDependenciesAreAwayEverywhere(t *testing.T) {
	database := &switchable{}
	fixture := newFixture(Dependency{Name: "primary", Check: database.check, Required: true})
	var told int
	elsewhere := time.Now()
	fixture.health.without = Without{
		Spell:      time.Minute,
		Worked:     func(context.Context) { told++ },
		LastWorked: func(context.Context) time.Time { return elsewhere },
	}
	ready := func() int { return code(t, fixture.ask(http.MethodGet, "/health/ready", nil)) }
	database.set(errors.New("down"))
	if got := ready(); got != http.StatusServiceUnavailable {
		t.Errorf("a new instance: %d", got)
	}
	database.set(nil)
	if got := ready(); got != http.StatusOK || told != 1 {
		t.Errorf("with its database: %d, told %d times", got, told)
	}
	database.set(errors.New("down"))
	if got := ready(); got != http.StatusOK || told != 1 {
		t.Errorf("without: %d, told %d times", got, told)
	}
	elsewhere = time.Now().Add(2 * alone)
	if got := ready(); got != http.StatusServiceUnavailable {
		t.Errorf("while others have theirs: %d", got)
	}
	elsewhere = time.Time{}
	fixture.health.lastWorked.Store(time.Now().Add(-2 * time.Minute).UnixNano())
	if got := ready(); got != http.StatusServiceUnavailable {
		t.Errorf("when all it knows is too old: %d", got)
	}
}

func TestANewInstanceIsReadyOnlyWithItsPrimaryAndAnOldOneWithEither(t *testing.T) {
	primary, replica := &switchable{}, &switchable{}
	down := errors.New("down")
	fixture := newFixture(Dependency{Name: "primary", Check: primary.check, Required: true}, Dependency{Name: "replica", Check: replica.check})
	for _, step := range []struct {
		promise          string
		primary, replica error
		expected         int
	}{
		{"new, without primary", down, nil, http.StatusServiceUnavailable},
		{"new, without replica", nil, down, http.StatusOK},
		{"old, without primary", down, nil, http.StatusOK},
		{"old, without both", down, down, http.StatusServiceUnavailable},
		{"old, all well again", nil, nil, http.StatusOK},
	} {
		primary.set(step.primary)
		replica.set(step.replica)
		recorded := fixture.ask(http.MethodGet, "/health/ready", nil)
		if got := code(t, recorded); got != step.expected {
			t.Errorf("%s: %s", step.promise, recorded.Body)
		}
		if step.replica != nil && !strings.Contains(recorded.Body.String(), `"replica":"not ready: down"`) {
			t.Errorf("%s: the replica's state is not told: %s", step.promise, recorded.Body)
		}
	}
}

func TestADatabaseThatHangsDoesNotHoldUpTheAnswerOfAnInstanceThatCanServe(t *testing.T) {
	hangs := make(chan bool, 2)
	dependency := func(ctx context.Context) error {
		if <-hangs {
			<-ctx.Done()
			return ctx.Err()
		}
		return nil
	}
	well := func(context.Context) error { return nil }
	fixture := newFixture(Dependency{Name: "primary", Check: dependency, Required: true}, Dependency{Name: "replica", Check: well})
	hangs <- true
	if got := code(t, fixture.ask(http.MethodGet, "/health/ready", nil)); got != http.StatusServiceUnavailable {
		t.Errorf("a new instance whose primary hangs: %d", got)
	}
	hangs <- false
	fixture.ask(http.MethodGet, "/health/ready", nil)
	hangs <- true
	recorded := fixture.ask(http.MethodGet, "/health/ready", nil)
	if got := code(t, recorded); got != http.StatusOK || !strings.Contains(recorded.Body.String(), `"primary":"not ready: no answer yet"`) {
		t.Errorf("an old one: %s", recorded.Body)
	}
}

func TestShutdownFailsReadinessFirstServesOnAndFinishesWhatIsInFlight(t *testing.T) {
	fixture := newFixture()
	entered, release := make(chan struct{}), make(chan struct{})
	fixture.router.Handle("GET /api/slow", func(*http.Request) (Reply, error) {
		close(entered)
		<-release
		return Reply{Status: http.StatusOK, Message: "finished"}, nil
	})
	fixture.router.Handle("GET /api/quick", ok)
	drainStarted, drainEnds := make(chan time.Duration, 1), make(chan time.Time)
	fixture.options.DrainDuration = 42 * time.Second
	fixture.options.After = func(duration time.Duration) <-chan time.Time {
		drainStarted <- duration
		return drainEnds
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	base := "http://" + listener.Addr().String()
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- New(fixture.options).Run(ctx, listener) }()

	slow := make(chan int, 1)
	go func() {
		response, err := http.Get(base + "/api/slow")
		if err != nil {
			slow <- 0
			return
		}
		_ = response.Body.Close()
		slow <- response.StatusCode
	}()
	<-entered
	if status := statusOf(t, base+"/health/ready"); status != http.StatusOK {
		t.Fatalf("not ready before: %d", status)
	}

	cancel()
	if waited := <-drainStarted; waited != 42*time.Second {
		t.Errorf("drains for %s", waited)
	}
	if status := statusOf(t, base+"/health/ready"); status != http.StatusServiceUnavailable {
		t.Errorf("ready while draining: %d", status)
	}
	if status := statusOf(t, base+"/api/quick"); status != http.StatusOK {
		t.Errorf("a request while draining: %d", status)
	}
	close(drainEnds)
	for portIsOpen(listener.Addr().String()) {
		time.Sleep(time.Millisecond)
	}
	close(release)
	if status := <-slow; status != http.StatusOK {
		t.Errorf("the request in flight: %d", status)
	}
	if err := <-stopped; err != nil {
		t.Errorf("Run: %v", err)
	}
}

func portIsOpen(address string) bool {
	connection, err := net.Dial("tcp", address)
	if err != nil {
		return false
	}
	_ = connection.Close()
	return true
}

func statusOf(t *testing.T, address string) int {
	t.Helper()
	response, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	return response.StatusCode
}

func TestARequestThatUsesAllItsTimeStillGetsItsAnswer(t *testing.T) {
	fixture := newFixture()
	for _, timeout := range []time.Duration{100 * time.Millisecond, time.Minute} {
		fixture.options.RequestTimeout = timeout
		inner := New(fixture.options).inner()
		if inner.WriteTimeout <= inner.ReadTimeout+timeout {
			t.Errorf("a request may take %s, and its answer is cut off after %s", timeout, inner.WriteTimeout)
		}
	}
}

func TestAConnectionWhoseBodyIsTooLargeIsClosed(t *testing.T) {
	fixture := newFixture()
	fixture.router.Handle("POST /api/thing", func(request *http.Request) (Reply, error) {
		_, err := ReadObject(request)
		return Reply{}, err
	})
	server := httptest.NewServer(New(fixture.options).Handler())
	defer server.Close()
	response, err := http.Post(server.URL+"/api/thing", "application/json", strings.NewReader(`{"a":"`+strings.Repeat("x", 200)+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusRequestEntityTooLarge || !response.Close {
		t.Errorf("status %d, closed %v", response.StatusCode, response.Close)
	}
}
