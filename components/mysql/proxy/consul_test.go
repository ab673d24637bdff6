package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

const registered = `[{"Node": {"Node": "mysql-west-1"}, "Service": {"Service": "mysql", "Meta": {"address": "mysql-west:3306"}}}]`

// answers is an agent that gives these, one to each question, and the indexes that it was asked with.
func answers(t *testing.T, given ...func(http.ResponseWriter)) (*httptest.Server, chan string) {
	t.Helper()
	asked := make(chan string, len(given)+1)
	number := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		if r.URL.Path != "/v1/health/service/mysql" || query.Get("tag") != "primary" || query.Get("dc") != "west" || query.Get("passing") != "1" {
			t.Errorf("asked for %s", r.URL)
		}
		if number == len(given) {
			<-r.Context().Done()
			return
		}
		asked <- query.Get("index")
		given[number](w)
		number++
	}))
	t.Cleanup(server.Close)
	return server, asked
}

func known(index, body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header().Set("X-Consul-Index", index)
		_, _ = fmt.Fprint(w, body)
	}
}

func away(w http.ResponseWriter) { http.Error(w, "No cluster leader", http.StatusInternalServerError) }

func nonsense(w http.ResponseWriter) { _, _ = fmt.Fprint(w, "<html>") }

// followed is what is told of a datacenter while its agent gives these answers.
func followed(t *testing.T, wanted int, given ...func(http.ResponseWriter)) (told, asked []string) {
	t.Helper()
	server, indexes := answers(t, given...)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	heard := make(chan string, len(given))
	done := make(chan struct{})
	go func() {
		defer close(done)
		follow(ctx, server.URL, "west", func(_, member string) { heard <- member })
	}()
	for range wanted {
		select {
		case member := <-heard:
			told = append(told, member)
		case <-ctx.Done():
			t.Fatalf("told no more than %q", told)
		}
	}
	cancel()
	<-done
	close(indexes)
	for index := range indexes {
		asked = append(asked, index)
	}
	return told, asked
}

func same(t *testing.T, got, wanted []string) {
	t.Helper()
	if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", wanted) {
		t.Fatalf("%q, not %q", got, wanted)
	}
}

func TestAChangeIsToldAsSoonAsTheAgentKnowsIt(t *testing.T) {
	told, asked := followed(t, 2, known("7", "[]"), known("9", registered))
	same(t, told, []string{"", "mysql-west:3306"})
	same(t, asked, []string{"0", "7"})
}

func TestConsulThatIsAwayTellsNothingAndIsAskedAgain(t *testing.T) {
	told, asked := followed(t, 2, known("7", registered), away, nonsense, known("8", "[]"))
	same(t, told, []string{"mysql-west:3306", ""})
	same(t, asked, []string{"0", "7", "0", "0"})
}

func TestAnIndexThatGoesBackIsForgotten(t *testing.T) {
	_, asked := followed(t, 3, known("7", "[]"), known("3", "[]"), known("4", registered))
	same(t, asked, []string{"0", "7", "0"})
}
