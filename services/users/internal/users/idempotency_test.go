package users

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

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
