package database

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"gostack.dev/users/internal/configuration"
)

func TestEveryDatacenterIsAskedForThePrimary(t *testing.T) {
	answers := map[string]string{
		"east":  `[]`,
		"west":  `[{"Node":{"Address":"10.0.0.9"},"Service":{"Address":"10.0.0.1","Port":3306,"Meta":{"address":"mysql-west:3306"}}}]`,
		"north": `[{"Node":{"Address":"10.0.0.9"},"Service":{"Address":"10.0.0.1","Port":3306}}]`,
		"south": `[{"Node":{"Address":"10.0.0.9"},"Service":{"Address":"","Port":3307,"Meta":{"address":""}}}]`,
		"named": `[{"Service":{"Port":3308,"Meta":{"address":"mysql-named"}}}]`,
		"lost":  `[{"Node":{"Address":""},"Service":{"Port":0}}]`,
		"ill":   `not JSON`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		query := request.URL.Query()
		if request.URL.Path != "/v1/health/service/mysql" || query.Get("tag") != "primary" || !query.Has("passing") || !query.Has("consistent") || request.Header.Get("X-Consul-Token") != "t" {
			t.Errorf("asked for %s", request.URL)
		}
		answer, known := answers[query.Get("dc")]
		if !known {
			http.Error(writer, "No path to datacenter", http.StatusInternalServerError)
			return
		}
		_, _ = fmt.Fprint(writer, answer)
	}))
	defer server.Close()
	datacenters := []string{"east", "west", "north", "south", "named", "lost", "ill", "unknown"}
	c := newCatalog(configuration.Consul{Address: server.URL, Token: "t"}, datacenters, time.Minute, slog.New(slog.DiscardHandler))
	var found []string
	for address := range c.locate(t.Context()) {
		found = append(found, address)
	}
	slices.Sort(found)
	if expected := []string{"10.0.0.1:3306", "10.0.0.9:3307", "mysql-named:3308", "mysql-west:3306"}; !slices.Equal(found, expected) {
		t.Errorf("found %v", found)
	}
}

func TestADatacenterThatHangsDelaysNoOther(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		if request.URL.Query().Get("dc") == "hanging" {
			<-release
			return
		}
		_, _ = fmt.Fprint(writer, `[{"Service":{"Meta":{"address":"mysql-west:3306"}}}]`)
	}))
	defer server.Close()
	defer close(release)
	c := newCatalog(configuration.Consul{Address: server.URL}, []string{"hanging", "west"}, time.Minute, slog.New(slog.DiscardHandler))
	if address := <-c.locate(t.Context()); address != "mysql-west:3306" {
		t.Errorf("got %q", address)
	}
}
