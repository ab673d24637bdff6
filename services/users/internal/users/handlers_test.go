package users

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"gostack.dev/users/internal/resilience"
)

func TestACreatedUserIsReturnedWithItsAddress(t *testing.T) {
	got := ask(t, newMemory(), http.MethodPost, "/api/v1/users", ada)
	expected := `{"code":201,"message":"created","data":{"id":1,"name":"Ada","email":"ada@example.com","created_at":"2030-01-02T03:04:05Z","updated_at":"2030-01-02T03:04:05Z"}}`
	if got.status != http.StatusCreated || got.header.Get("Location") != "/api/v1/users/1" || got.text != expected {
		t.Errorf("got %+v", got)
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
	for _, reason := range []error{resilience.ErrFull, resilience.ErrOpen, resilience.ErrNoTimeLeft} {
		repository.err = translate(fmt.Errorf("%w: dial tcp 10.0.0.1", reason))
		got := ask(t, repository, http.MethodPut, "/api/v1/users/1", ada)
		if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") != "2" || !strings.Contains(got.text, `"`+ErrUnavailable.Error()+": "+reason.Error()+`"`) {
			t.Errorf("%v: %s", reason, got.text)
		}
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
