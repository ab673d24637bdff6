package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"example.com/tickets/ticketspb"
)

// memory keeps one ticket.
type memory struct {
	lock  sync.Mutex
	title string
	high  string
}

func (m *memory) create(_ context.Context, title string) (*ticketspb.Ticket, error) {
	m.lock.Lock()
	m.title = title
	m.lock.Unlock()
	return m.get(context.Background(), 1)
}

func (m *memory) get(_ context.Context, id int64) (*ticketspb.Ticket, error) {
	m.lock.Lock()
	defer m.lock.Unlock()
	if id != 1 || m.title == "" {
		return nil, status.Error(codes.NotFound, "there is no such ticket")
	}
	return &ticketspb.Ticket{Id: 1, Title: m.title, Priority: m.high}, nil
}

func (m *memory) triage(_ context.Context, priority func(title string) string) (bool, error) {
	m.lock.Lock()
	defer m.lock.Unlock()
	found := m.title != "" && m.high == ""
	if found {
		m.high = priority(m.title)
	}
	return found, nil
}

// started is the service on a port of its own, and a connection to it.
func started(t *testing.T, tickets tickets) (string, *grpc.ClientConn) {
	t.Helper()
	made := newServer("", tickets)
	server := httptest.NewUnstartedServer(made.Handler)
	server.Config.Protocols = made.Protocols
	server.Start()
	t.Cleanup(server.Close)
	connection, err := grpc.NewClient(server.Listener.Addr().String(),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	return server.URL, connection
}

func post(t *testing.T, url, body string) (int, string) {
	t.Helper()
	response, err := http.Post(url+"/tickets", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func TestATicketOfRESTIsReadByGRPCAndTriagedByTheWorker(t *testing.T) {
	store := &memory{}
	url, connection := started(t, store)
	if code, text := post(t, url, `{"title": "The shop is down"}`); code != http.StatusCreated {
		t.Fatalf("%d %s", code, text)
	}
	client := ticketspb.NewTicketsClient(connection)
	if got, err := client.Get(t.Context(), &ticketspb.GetRequest{Id: 1}); err != nil || got.GetTitle() != "The shop is down" {
		t.Fatalf("%v, %v", got, err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- work(ctx, store) }()
	for {
		got, err := client.Get(t.Context(), &ticketspb.GetRequest{Id: 1})
		if err != nil {
			t.Fatal(err)
		}
		if got.GetPriority() == "high" {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

func TestErrorsHaveTheirCodes(t *testing.T) {
	url, connection := started(t, &memory{})
	for _, body := range []string{"{", `{"title": ""}`} {
		if code, _ := post(t, url, body); code != http.StatusBadRequest {
			t.Errorf("%s: %d", body, code)
		}
	}
	if response, err := http.Get(url + "/tickets/7"); err != nil || response.StatusCode != http.StatusNotFound {
		t.Errorf("%v, %v", response, err)
	}
	_, err := ticketspb.NewTicketsClient(connection).Get(t.Context(), &ticketspb.GetRequest{Id: 7})
	if status.Code(err) != codes.NotFound {
		t.Error(err)
	}
}

func TestItSaysThatItIsHealthy(t *testing.T) {
	_, connection := started(t, &memory{})
	got, err := healthpb.NewHealthClient(connection).Check(t.Context(), &healthpb.HealthCheckRequest{})
	if err != nil || got.Status != healthpb.HealthCheckResponse_SERVING {
		t.Fatalf("%v, %v", got, err)
	}
}
