package main

import (
	"context"
	"encoding/json"
	"log"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// room has the people whose websockets end here.
type room struct {
	publish func(ctx context.Context, text string) error
	lock    sync.Mutex
	members map[*member]struct{}
	open    sync.WaitGroup
}

type member struct {
	connection *websocket.Conn
	// waiting is what it has not been sent yet.
	waiting chan string
}

type message struct {
	From string `json:"from"`
	Text string `json:"text"`
}

func newRoom(publish func(context.Context, string) error) *room {
	return &room{publish: publish, members: map[*member]struct{}{}}
}

func (r *room) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /chat", r.join)
	return mux
}

// pass gives everything that is said to everybody here; who is too slow to take it is sent away.
func (r *room) pass(ctx context.Context, said <-chan string) {
	for {
		select {
		case <-ctx.Done():
			return
		case text := <-said:
			r.lock.Lock()
			for one := range r.members {
				select {
				case one.waiting <- text:
				default:
					go func() { _ = one.connection.Close(websocket.StatusPolicyViolation, "too slow") }()
				}
			}
			r.lock.Unlock()
		}
	}
}

// leave says goodbye to everybody, which clients take as the invitation to come back, and returns when they have gone.
func (r *room) leave() {
	r.lock.Lock()
	for one := range r.members {
		go func() { _ = one.connection.Close(websocket.StatusGoingAway, "come back in a moment") }()
	}
	r.lock.Unlock()
	r.open.Wait()
}

// join is a websocket, GET /chat?name=ada: each text that comes is a message to all.
func (r *room) join(w http.ResponseWriter, request *http.Request) {
	name := request.URL.Query().Get("name")
	if name == "" || len(name) > 64 {
		http.Error(w, "say who you are: /chat?name=ada", http.StatusBadRequest)
		return
	}
	connection, err := websocket.Accept(w, request, nil)
	if err != nil {
		return
	}
	defer func() { _ = connection.CloseNow() }()
	connection.SetReadLimit(4 << 10)
	one := &member{connection, make(chan string, 64)}
	r.open.Add(1)
	defer r.open.Done()
	r.lock.Lock()
	r.members[one] = struct{}{}
	r.lock.Unlock()
	defer func() {
		r.lock.Lock()
		delete(r.members, one)
		r.lock.Unlock()
	}()

	ctx, cancel := context.WithCancel(request.Context())
	defer cancel()
	go one.write(ctx)
	for {
		_, text, err := connection.Read(ctx)
		if err != nil {
			return
		}
		said, err := json.Marshal(message{name, string(text)})
		if err == nil {
			err = r.publish(ctx, string(said))
		}
		if err != nil {
			log.Print(err)
			_ = connection.Close(websocket.StatusTryAgainLater, "nobody would hear this")
			return
		}
	}
}

func (m *member) write(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case text := <-m.waiting:
			limited, cancel := context.WithTimeout(ctx, 10*time.Second)
			err := m.connection.Write(limited, websocket.MessageText, []byte(text))
			cancel()
			if err != nil {
				return
			}
		}
	}
}
