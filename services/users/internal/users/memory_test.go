package users

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"gostack.dev/users/internal/configuration"
	"gostack.dev/users/internal/httpserver"
	"gostack.dev/users/internal/observability"
)

// memory is a repository with the promises of the real one and no database.
type memory struct {
	users map[uint64]User
	keys  map[string]uint64
	asked map[string]Input
	next  uint64
	err   error
	// degraded is the age of what Get returns, since what it was asked for.
	degraded time.Duration
	since    time.Time
}

func newMemory() *memory {
	return &memory{users: map[uint64]User{}, keys: map[string]uint64{}, asked: map[string]Input{}}
}

func (m *memory) taken(email string, except uint64) bool {
	for id, user := range m.users {
		if id != except && strings.EqualFold(user.Email, email) {
			return true
		}
	}
	return false
}

func (m *memory) List(_ context.Context, window Window) (Page, error) {
	var page Page
	if window.Counted {
		page.Total = min(uint64(len(m.users)), CountLimit)
	}
	skipped := 0
	for _, id := range slices.Sorted(maps.Keys(m.users)) {
		switch {
		case id <= window.After:
		case skipped < window.Offset:
			skipped++
		case len(page.Users) < window.Limit:
			page.Users = append(page.Users, m.users[id])
		default:
			page.More = true
		}
	}
	return page, m.err
}

func (m *memory) Get(_ context.Context, id uint64, since time.Time) (Reading, error) {
	m.since = since
	user, err := m.get(id)
	return Reading{User: user, Degraded: m.degraded > 0, Age: m.degraded}, err
}

func (m *memory) get(id uint64) (User, error) {
	user, found := m.users[id]
	if m.err == nil && !found {
		return User{}, ErrNotFound
	}
	return user, m.err
}

func (m *memory) Create(_ context.Context, input Input, key string) (User, bool, error) {
	if m.err != nil {
		return User{}, false, m.err
	}
	if id, seen := m.keys[key]; seen && key != "" {
		if m.asked[key] != input {
			return User{}, false, ErrKeyReused
		}
		return m.users[id], false, nil
	}
	if m.taken(input.Email, 0) {
		return User{}, false, ErrEmailTaken
	}
	m.next++
	now := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	m.users[m.next] = User{m.next, input.Name, input.Email, now, now}
	m.keys[key], m.asked[key] = m.next, input
	return m.users[m.next], true, nil
}

func (m *memory) Update(ctx context.Context, id uint64, input Input) (User, error) {
	user, err := m.get(id)
	if err != nil {
		return User{}, err
	}
	if m.taken(input.Email, id) {
		return User{}, ErrEmailTaken
	}
	user.Name, user.Email = input.Name, input.Email
	m.users[id] = user
	return user, nil
}

func (m *memory) Delete(ctx context.Context, id uint64) error {
	if _, err := m.get(id); err != nil {
		return err
	}
	delete(m.users, id)
	return nil
}

type answer struct {
	status int
	header http.Header
	text   string
	fields map[string]string
}

func ask(t *testing.T, repository Repository, method, target, body string, headers ...string) answer {
	t.Helper()
	return askOf(t, NewHandlers(repository, nil), method, target, body, headers...)
}

func askOf(t *testing.T, handlers *Handlers, method, target, body string, headers ...string) answer {
	t.Helper()
	logger := slog.New(slog.DiscardHandler)
	router := httpserver.NewRouter(logger)
	handlers.Register(router)
	server := httpserver.New(httpserver.Options{
		Router: router, Health: httpserver.NewHealth(httpserver.Without{}), Metrics: observability.NewMetrics(configuration.Identity{}), Logger: logger,
		Allow: func() bool { return true }, Feature: func(string) bool { return false },
		RequestTimeout: time.Minute, MaximumBodyBytes: 2000,
	})
	request := httptest.NewRequest(method, target, strings.NewReader(body))
	request.Header.Set("Content-Type", "application/json; charset=utf-8")
	for position := 0; position < len(headers); position += 2 {
		request.Header.Set(headers[position], headers[position+1])
	}
	recorded := httptest.NewRecorder()
	server.Handler().ServeHTTP(recorded, request)

	var unified struct {
		Code    int             `json:"code"`
		Message string          `json:"message"`
		Data    json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(recorded.Body.Bytes(), &unified); err != nil || unified.Code != recorded.Code || unified.Message == "" {
		t.Fatalf("status %d without the unified body: %s", recorded.Code, recorded.Body)
	}
	var data struct {
		Fields map[string]string `json:"fields"`
	}
	_ = json.Unmarshal(unified.Data, &data)
	return answer{recorded.Code, recorded.Header(), strings.TrimSpace(recorded.Body.String()), data.Fields}
}

const ada = `{"name":"Ada","email":"ada@example.com"}`
