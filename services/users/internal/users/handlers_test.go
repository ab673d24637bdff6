package users

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	"gostack.dev/users/internal/passwords"
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

func TestACreatedUserIsReturnedWithItsAddress(t *testing.T) {
	got := ask(t, newMemory(), http.MethodPost, "/api/v1/users", ada)
	expected := `{"code":201,"message":"created","data":{"id":1,"name":"Ada","email":"ada@example.com","created_at":"2030-01-02T03:04:05Z","updated_at":"2030-01-02T03:04:05Z"}}`
	if got.status != http.StatusCreated || got.header.Get("Location") != "/api/v1/users/1" || got.text != expected {
		t.Errorf("got %+v", got)
	}
}

func TestAPasswordIsKeptAsItsHashAndNeverAnswered(t *testing.T) {
	const password = "correct horse battery"
	repository := newMemory()
	hash := func(_ context.Context, given string) (string, error) { return "hash of " + given, nil }
	body := `{"name":"Ada","email":"ada@example.com","password":" ` + password + `"}`
	got := askOf(t, NewHandlers(repository, hash), http.MethodPost, "/api/v1/users", body, "Idempotency-Key", "k")
	if got.status != http.StatusCreated || strings.Contains(got.text, password) || strings.Contains(got.text, "hash") {
		t.Errorf("got %+v", got)
	}
	// A password begins and ends with what its owner says it does.
	if kept := repository.asked["k"].PasswordHash; kept != "hash of  "+password {
		t.Errorf("kept %q", kept)
	}
}

func TestAPasswordThatWillNotDoIsABadField(t *testing.T) {
	hash := func(context.Context, string) (string, error) { return "", passwords.ErrBusy }
	ask := func(handlers *Handlers, method, target, password string) answer {
		return askOf(t, handlers, method, target, `{"name":"Ada","email":"ada@example.com","password":"`+password+`"}`)
	}
	repository := newMemory()
	repository.users[1] = User{ID: 1}
	long := "correct horse battery"
	for name, got := range map[string]answer{
		"short":                     ask(NewHandlers(repository, hash), http.MethodPost, "/api/v1/users", "short"),
		"empty":                     ask(NewHandlers(repository, hash), http.MethodPost, "/api/v1/users", ""),
		"where there are no logins": ask(NewHandlers(repository, nil), http.MethodPost, "/api/v1/users", long),
		"of a user who is there":    ask(NewHandlers(repository, hash), http.MethodPut, "/api/v1/users/1", long),
	} {
		if got.status != http.StatusUnprocessableEntity || got.fields["password"] == "" {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := ask(NewHandlers(repository, hash), http.MethodPost, "/api/v1/users", long); got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" {
		t.Errorf("while others wait: %+v", got)
	}
}

func TestEveryBadFieldIsNamed(t *testing.T) {
	for name, test := range map[string]struct {
		body     string
		expected []string
	}{
		"both missing":            {`{}`, []string{"email", "name"}},
		"both empty":              {`{"name":" ","email":""}`, []string{"email", "name"}},
		"wrong types":             {`{"name":1,"email":null}`, []string{"email", "name"}},
		"an unknown one too":      {`{"name":"","email":"x","admin":true}`, []string{"admin", "email", "name"}},
		"another case":            {`{"Name":"Ada","email":"ada@example.com"}`, []string{"Name", "name"}},
		"a long name":             {`{"name":"` + strings.Repeat("é", 101) + `","email":"a@b.c"}`, []string{"name"}},
		"a control character":     {`{"name":"a\u0000b","email":"a@b.c"}`, []string{"name"}},
		"a long e-mail":           {`{"name":"a","email":"` + strings.Repeat("a", 250) + `@b.cc"}`, []string{"email"}},
		"a name in the e-mail":    {`{"name":"a","email":"Ada <ada@example.com>"}`, []string{"email"}},
		"an e-mail without @":     {`{"name":"a","email":"ada.example.com"}`, []string{"email"}},
		"an e-mail with a quote":  {`{"name":"a","email":"\"a b\"@example.com"}`, []string{"email"}},
		"an e-mail with a return": {`{"name":"a","email":"a@b.c\r\nBcc: x@y.z"}`, []string{"email"}},
	} {
		t.Run(name, func(t *testing.T) {
			repository := newMemory()
			got := ask(t, repository, http.MethodPost, "/api/v1/users", test.body)
			if got.status != http.StatusUnprocessableEntity || fmt.Sprint(slices.Sorted(maps.Keys(got.fields))) != fmt.Sprint(test.expected) {
				t.Errorf("got %d %s", got.status, got.text)
			}
			if len(repository.users) != 0 {
				t.Error("it was stored anyway")
			}
		})
	}
}

func TestTheLongestNameAndAnInternationalOneAreAccepted(t *testing.T) {
	for _, name := range []string{strings.Repeat("é", 100), "Zoë 🐧", "李雷"} {
		if got := ask(t, newMemory(), http.MethodPost, "/api/v1/users", `{"name":"`+name+`","email":"a@example.com"}`); got.status != http.StatusCreated {
			t.Errorf("%q: %s", name, got.text)
		}
	}
}

func TestWhatIsNotOneJSONObjectIsRefused(t *testing.T) {
	for body, expected := range map[string]int{
		``: http.StatusBadRequest, `[]`: http.StatusBadRequest, `null`: http.StatusBadRequest, `{"name":`: http.StatusBadRequest,
		ada + ada: http.StatusBadRequest, `{"name":"` + strings.Repeat("a", 3000) + `"}`: http.StatusRequestEntityTooLarge,
	} {
		if got := ask(t, newMemory(), http.MethodPost, "/api/v1/users", body); got.status != expected {
			t.Errorf("%.20q: %s", body, got.text)
		}
	}
}

func TestOtherContentTypesAreRefused(t *testing.T) {
	for _, contentType := range []string{"", "text/plain", "application/x-www-form-urlencoded", "application/jsonx"} {
		if got := ask(t, newMemory(), http.MethodPost, "/api/v1/users", ada, "Content-Type", contentType); got.status != http.StatusUnsupportedMediaType {
			t.Errorf("%q: %s", contentType, got.text)
		}
	}
}

func TestAnEMailBelongsToOneUser(t *testing.T) {
	repository := newMemory()
	ask(t, repository, http.MethodPost, "/api/v1/users", ada)
	ask(t, repository, http.MethodPost, "/api/v1/users", `{"name":"Bob","email":"bob@example.com"}`)
	for method, target := range map[string]string{http.MethodPost: "/api/v1/users", http.MethodPut: "/api/v1/users/2"} {
		if got := ask(t, repository, method, target, ada); got.status != http.StatusConflict || got.fields["email"] == "" {
			t.Errorf("%s: %s", method, got.text)
		}
	}
}

func TestARepeatedIdempotencyKeyMakesOneUser(t *testing.T) {
	repository := newMemory()
	first := ask(t, repository, http.MethodPost, "/api/v1/users", ada, "Idempotency-Key", "k")
	second := ask(t, repository, http.MethodPost, "/api/v1/users", ada, "Idempotency-Key", "k")
	other := ask(t, repository, http.MethodPost, "/api/v1/users", `{"name":"Bob","email":"bob@example.com"}`, "Idempotency-Key", "k")
	if first.status != http.StatusCreated || second.status != http.StatusCreated || first.header.Get("Location") != second.header.Get("Location") {
		t.Errorf("first %s, second %s", first.text, second.text)
	}
	if other.status != http.StatusUnprocessableEntity || len(repository.users) != 1 {
		t.Errorf("another body: %s, users %v", other.text, repository.users)
	}
}

func TestAnUnprintableOrEndlessIdempotencyKeyIsRefused(t *testing.T) {
	for _, key := range []string{"a\tb", "schlüssel", strings.Repeat("k", 256)} {
		if got := ask(t, newMemory(), http.MethodPost, "/api/v1/users", ada, "Idempotency-Key", key); got.status != http.StatusBadRequest {
			t.Errorf("%q: %s", key, got.text)
		}
	}
}

func TestPagesAreCutAndCounted(t *testing.T) {
	repository := newMemory()
	if got := ask(t, repository, http.MethodGet, "/api/v1/users", ""); got.text != `{"code":200,"message":"ok","data":{"items":[],"pagination":{"total":0,"total_is_exact":true,"page":1,"page_size":20,"next_cursor":""}}}` {
		t.Errorf("nobody: %s", got.text)
	}
	for number := range 5 {
		ask(t, repository, http.MethodPost, "/api/v1/users", fmt.Sprintf(`{"name":"n","email":"%d@example.com"}`, number))
	}
	got := ask(t, repository, http.MethodGet, "/api/v1/users?page=2&page_size=2", "")
	if strings.Count(got.text, `"id":`) != 2 || !strings.Contains(got.text, `"id":3`) || !strings.Contains(got.text, `"pagination":{"total":5,"total_is_exact":true,"page":2,"page_size":2,"next_cursor":"AAAAAAAAAAQ"}`) {
		t.Errorf("second page: %s", got.text)
	}
}

func TestCursorsLeadThroughAllUsersOnceAndEnd(t *testing.T) {
	repository := newMemory()
	for number := range 5 {
		ask(t, repository, http.MethodPost, "/api/v1/users", fmt.Sprintf(`{"name":"n","email":"%d@example.com"}`, number))
	}
	var seen []uint64
	cursor := ""
	for range 3 {
		got := ask(t, repository, http.MethodGet, "/api/v1/users?page_size=2&cursor="+cursor, "")
		var body struct {
			Data struct {
				Items      []User
				Pagination map[string]any
			}
		}
		if err := json.Unmarshal([]byte(got.text), &body); err != nil {
			t.Fatal(err)
		}
		for _, user := range body.Data.Items {
			seen = append(seen, user.ID)
		}
		cursor = body.Data.Pagination["next_cursor"].(string)
		// A user who goes in between moves no other one to another page.
		delete(repository.users, seen[0])
		if _, counted := body.Data.Pagination["total"]; counted {
			t.Errorf("a cursor counts all users: %s", got.text)
		}
	}
	if !slices.Equal(seen, []uint64{1, 2, 3, 4, 5}) || cursor != "" {
		t.Errorf("saw %v, and %q comes next", seen, cursor)
	}
}

func TestCountingEndsAtItsLimitAndSaysSo(t *testing.T) {
	repository := newMemory()
	for id := range uint64(CountLimit + 5) {
		repository.users[id+1] = User{ID: id + 1}
	}
	if got := ask(t, repository, http.MethodGet, "/api/v1/users?page_size=1", ""); !strings.Contains(got.text, `"total":10000,"total_is_exact":false`) {
		t.Errorf("got %s", got.text)
	}
}

func TestPagesFarBehindAndStrangeCursorsAreRefused(t *testing.T) {
	for query, field := range map[string]string{
		"page=101&page_size=100": "page", "page=10001&page_size=1": "page", "cursor=x": "cursor", "cursor=AAAAAAAAAAQ%3D": "cursor",
		"cursor=AAAA": "cursor", "cursor=&cursor=": "cursor", "cursor=&page=1": "page",
	} {
		if got := ask(t, newMemory(), http.MethodGet, "/api/v1/users?"+query, ""); got.status != http.StatusBadRequest || got.fields[field] == "" {
			t.Errorf("%s: %s", query, got.text)
		}
	}
	if got := ask(t, newMemory(), http.MethodGet, "/api/v1/users?page=100&page_size=100", ""); got.status != http.StatusOK {
		t.Errorf("the last page: %s", got.text)
	}
}

func TestIdempotencyKeysOfTwoClientsHaveNothingToDoWithEachOther(t *testing.T) {
	for _, headers := range [][2][]string{
		{{"X-Client-ID", "one"}, {"X-Client-ID", "two"}},
		{{"Authorization", "Bearer one"}, {"Authorization", "Bearer two"}},
		{{"X-Client-ID", "same"}, {"Authorization", "same"}},
		{{"X-Client-ID", "one"}, {}},
	} {
		repository := newMemory()
		create := func(email string, headers []string) answer {
			body := fmt.Sprintf(`{"name":"n","email":%q}`, email)
			return ask(t, repository, http.MethodPost, "/api/v1/users", body, append([]string{"Idempotency-Key", "k"}, headers...)...)
		}
		first, second := create("one@example.com", headers[0]), create("two@example.com", headers[1])
		again := create("one@example.com", headers[0])
		if first.status != http.StatusCreated || second.status != http.StatusCreated || !strings.Contains(again.text, "created before") {
			t.Errorf("%v: %s, %s, %s", headers, first.text, second.text, again.text)
		}
	}
}

func TestAStoredKeyFitsItsColumnAndNoClientCanSendOneOfAnother(t *testing.T) {
	request := httptest.NewRequest(http.MethodPost, "/", nil)
	request.Header.Set("X-Client-ID", strings.Repeat("c", 4000))
	stored := keyOfClient(request, strings.Repeat("k", 255))
	if len(stored) > longestKey || acceptableKey(stored) {
		t.Errorf("%d bytes, %q", len(stored), stored)
	}
	if keyOfClient(request, "") != "" {
		t.Error("a request without a key got one")
	}
}

func TestARepeatIsAnsweredWithTheUserAsItIsNow(t *testing.T) {
	repository := newMemory()
	ask(t, repository, http.MethodPost, "/api/v1/users", ada, "Idempotency-Key", "k")
	ask(t, repository, http.MethodPut, "/api/v1/users/1", `{"name":"Ada Lovelace","email":"ada@example.com"}`)
	if got := ask(t, repository, http.MethodPost, "/api/v1/users", ada, "Idempotency-Key", "k"); got.status != http.StatusCreated || !strings.Contains(got.text, "Ada Lovelace") {
		t.Errorf("got %s", got.text)
	}
}

func TestBadPagesNameBothParameters(t *testing.T) {
	for _, query := range []string{"page=0&page_size=0", "page=x&page_size=101", "page=-1&page_size=1.5", "page=99999999999999999999&page_size=", "page=1&page=2&page_size=x"} {
		if got := ask(t, newMemory(), http.MethodGet, "/api/v1/users?"+query, ""); got.status != http.StatusBadRequest || len(got.fields) != 2 {
			t.Errorf("%s: %s", query, got.text)
		}
	}
}

func TestAUserCanBeReadReplacedAndDeleted(t *testing.T) {
	repository := newMemory()
	ask(t, repository, http.MethodPost, "/api/v1/users", ada)
	if got := ask(t, repository, http.MethodPut, "/api/v1/users/1", `{"name":"Ada Lovelace","email":"ada@example.com"}`); got.status != http.StatusOK {
		t.Errorf("replace: %s", got.text)
	}
	if got := ask(t, repository, http.MethodGet, "/api/v1/users/1", ""); got.status != http.StatusOK || !strings.Contains(got.text, "Ada Lovelace") {
		t.Errorf("read: %s", got.text)
	}
	if got := ask(t, repository, http.MethodDelete, "/api/v1/users/1", ""); got.status != http.StatusOK {
		t.Errorf("delete: %s", got.text)
	}
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
		if got := ask(t, repository, method, "/api/v1/users/1", ada); got.status != http.StatusNotFound {
			t.Errorf("%s afterwards: %s", method, got.text)
		}
	}
}

func TestABadIDIsNamed(t *testing.T) {
	for _, id := range []string{"0", "-1", "x", "1.0", "99999999999999999999"} {
		if got := ask(t, newMemory(), http.MethodGet, "/api/v1/users/"+id, ""); got.status != http.StatusBadRequest || got.fields["id"] == "" {
			t.Errorf("%s: %s", id, got.text)
		}
	}
}

func TestAnUnavailableDatabaseInvitesTheCallerBackAndAFaultShowsNothing(t *testing.T) {
	repository := newMemory()
	repository.err = fmt.Errorf("%w: dial tcp 10.0.0.1", ErrUnavailable)
	if got := ask(t, repository, http.MethodGet, "/api/v1/users", ""); got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" || strings.Contains(got.text, "10.0.0.1") {
		t.Errorf("unavailable: %s", got.text)
	}
	repository.err = errors.New("column secret")
	if got := ask(t, repository, http.MethodGet, "/api/v1/users", ""); got.status != http.StatusInternalServerError || strings.Contains(got.text, "secret") {
		t.Errorf("fault: %s", got.text)
	}
}

func TestALastKnownUserSaysHowOldHeIs(t *testing.T) {
	repository := newMemory()
	ask(t, repository, http.MethodPost, "/api/v1/users", ada)
	if got := ask(t, repository, http.MethodGet, "/api/v1/users/1", ""); got.header.Get("Warning") != "" || got.header.Get("X-Degraded") != "" {
		t.Errorf("got %+v", got)
	}
	repository.degraded = 90*time.Second + time.Millisecond
	got := ask(t, repository, http.MethodGet, "/api/v1/users/1", "")
	if got.status != http.StatusOK || got.header.Get("Warning") != `110 - "Response is Stale"` || got.header.Get("X-Degraded") != "age=90" {
		t.Errorf("got %+v", got)
	}
}

func TestWhoWroteMayAskForWhatHeWrote(t *testing.T) {
	repository := newMemory()
	ask(t, repository, http.MethodPost, "/api/v1/users", ada)
	got := ask(t, repository, http.MethodGet, "/api/v1/users/1", "", seenHeader, "2030-01-02T03:04:05.000006Z")
	if got.status != http.StatusOK || !repository.since.Equal(instant) {
		t.Errorf("asked for one since %v, got %+v", repository.since, got)
	}
	if got := ask(t, repository, http.MethodGet, "/api/v1/users/1", "", seenHeader, "yesterday"); got.status != http.StatusBadRequest {
		t.Errorf("got %+v", got)
	}
}
