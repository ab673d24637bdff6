package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"net/http"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"example.com/tickets/ticketspb"
)

//go:generate protoc -I ticketspb --go_out=paths=source_relative:ticketspb --go-grpc_out=paths=source_relative:ticketspb tickets.proto

// tickets is the store as the API sees it; the tests have one in memory.
type tickets interface {
	create(ctx context.Context, title string) (*ticketspb.Ticket, error)
	get(ctx context.Context, id int64) (*ticketspb.Ticket, error)
}

// api answers gRPC, and REST by the same methods.
type api struct {
	ticketspb.UnimplementedTicketsServer
	tickets tickets
}

func (a *api) Create(ctx context.Context, request *ticketspb.CreateRequest) (*ticketspb.Ticket, error) {
	if title := request.GetTitle(); title == "" || len(title) > 200 {
		return nil, status.Error(codes.InvalidArgument, "a title of at most 200 bytes")
	}
	return a.tickets.create(ctx, request.GetTitle())
}

func (a *api) Get(ctx context.Context, request *ticketspb.GetRequest) (*ticketspb.Ticket, error) {
	return a.tickets.get(ctx, request.GetId())
}

// handler gives gRPC calls to their server and everything else to the paths.
func handler(tickets tickets) http.Handler {
	a := &api{tickets: tickets}
	calls := grpc.NewServer()
	ticketspb.RegisterTicketsServer(calls, a)
	healthpb.RegisterHealthServer(calls, health.NewServer())

	paths := http.NewServeMux()
	paths.HandleFunc("POST /tickets", func(w http.ResponseWriter, r *http.Request) {
		var request ticketspb.CreateRequest
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 16<<10)).Decode(&request); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		ticket, err := a.Create(r.Context(), &request)
		reply(w, http.StatusCreated, ticket, err)
	})
	paths.HandleFunc("GET /tickets/{id}", func(w http.ResponseWriter, r *http.Request) {
		id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
		if err != nil {
			http.Error(w, "the id is a number", http.StatusBadRequest)
			return
		}
		ticket, err := a.Get(r.Context(), &ticketspb.GetRequest{Id: id})
		reply(w, http.StatusOK, ticket, err)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor == 2 && strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc") {
			calls.ServeHTTP(w, r)
			return
		}
		paths.ServeHTTP(w, r)
	})
}

func reply(w http.ResponseWriter, code int, ticket *ticketspb.Ticket, err error) {
	switch status.Code(err) {
	case codes.OK:
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_ = json.NewEncoder(w).Encode(ticket)
	case codes.NotFound:
		http.Error(w, status.Convert(err).Message(), http.StatusNotFound)
	case codes.InvalidArgument:
		http.Error(w, status.Convert(err).Message(), http.StatusBadRequest)
	default:
		log.Print(err)
		http.Error(w, "it does not work at the moment", http.StatusInternalServerError)
	}
}

// newServer speaks HTTP/1.1 and, without TLS, HTTP/2.
func newServer(address string, tickets tickets) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Server{
		Addr: address, Handler: handler(tickets), Protocols: protocols, ReadHeaderTimeout: 5 * time.Second,
	}
}

func serve(ctx context.Context, address string, tickets tickets) error {
	server := newServer(address, tickets)
	drained := make(chan error, 1)
	go func() {
		<-ctx.Done()
		deadline, cancel := context.WithTimeout(context.Background(), 15*time.Second)
		defer cancel()
		drained <- server.Shutdown(deadline)
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-drained
}
