package users

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

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

func TestBadPagesNameBothParameters(t *testing.T) {
	for _, query := range []string{"page=0&page_size=0", "page=x&page_size=101", "page=-1&page_size=1.5", "page=99999999999999999999&page_size=", "page=1&page=2&page_size=x"} {
		if got := ask(t, newMemory(), http.MethodGet, "/api/v1/users?"+query, ""); got.status != http.StatusBadRequest || len(got.fields) != 2 {
			t.Errorf("%s: %s", query, got.text)
		}
	}
}
