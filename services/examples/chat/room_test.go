package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// region is a room that tells what it hears to all others through `said`.
func region(t *testing.T, publish func(context.Context, string) error) (*room, string, chan string) {
	t.Helper()
	r, said := newRoom(publish), make(chan string)
	server := httptest.NewServer(r.routes())
	t.Cleanup(server.Close)
	go r.pass(t.Context(), said)
	return r, server.URL, said
}

func enter(t *testing.T, r *room, url string) *websocket.Conn {
	t.Helper()
	connection, _, err := websocket.Dial(t.Context(), url+"/chat?name=ada", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.CloseNow() })
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		r.lock.Lock()
		present := len(r.members)
		r.lock.Unlock()
		if present > 0 {
			return connection
		}
	}
	t.Fatal("nobody has entered")
	return nil
}

func TestWhatIsSaidInOneRegionComesToBoth(t *testing.T) {
	var heard []chan string
	publish := func(_ context.Context, text string) error {
		for _, said := range heard {
			said <- text
		}
		return nil
	}
	east, eastURL, eastSaid := region(t, publish)
	west, westURL, westSaid := region(t, publish)
	heard = []chan string{eastSaid, westSaid}
	one, other := enter(t, east, eastURL), enter(t, west, westURL)
	if err := one.Write(t.Context(), websocket.MessageText, []byte("Moin")); err != nil {
		t.Fatal(err)
	}
	for _, connection := range []*websocket.Conn{one, other} {
		if _, text, err := connection.Read(t.Context()); err != nil || string(text) != `{"from":"ada","text":"Moin"}` {
			t.Fatalf("%s, %v", text, err)
		}
	}
}

func TestAtItsEndItSaysThatItGoesAway(t *testing.T) {
	r, url, _ := region(t, nil)
	connection := enter(t, r, url)
	go r.leave()
	if _, _, err := connection.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Fatal(err)
	}
}

func TestNobodyEntersWithoutAName(t *testing.T) {
	_, url, _ := region(t, nil)
	response, err := http.Get(url + "/chat")
	if err != nil || response.StatusCode != http.StatusBadRequest {
		t.Fatalf("%v, %v", response, err)
	}
}
