package users

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"gostack.dev/users/internal/passwords"
)

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
