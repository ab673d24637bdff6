package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/structpb"

	"gostack.dev/probe/echo"
)

// started is a probe on a port of its own, as `serve` makes it.
func started(t *testing.T) (*probe, *httptest.Server) {
	t.Helper()
	p := newProbe()
	server := httptest.NewUnstartedServer(p.begun.wrap(p.either(p.routes())))
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetHTTP1(true)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	return p, server
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	response, err := http.Get(url)
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

func TestRequestsAreCountedByPathWithQuery(t *testing.T) {
	_, server := started(t)
	for range 3 {
		get(t, server.URL+"/case/any/p/status/503?test=1")
	}
	_, text := get(t, server.URL+"/p/begun?path=/case/any/p/status/503%3Ftest=1")
	var answer struct{ Begun int }
	if err := json.Unmarshal([]byte(text), &answer); err != nil || answer.Begun != 3 {
		t.Fatalf("%s, %v", text, err)
	}
}

func TestASickReplicaSaysSoInHTTPAndInGRPC(t *testing.T) {
	p, server := started(t)
	response, err := http.Post(server.URL+"/p/sick/on", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if status, _ := get(t, server.URL+"/ready"); status != http.StatusServiceUnavailable {
		t.Fatalf("/ready answers %d", status)
	}
	answer, err := p.health.Check(context.Background(), &healthpb.HealthCheckRequest{})
	if err != nil || answer.Status != healthpb.HealthCheckResponse_NOT_SERVING {
		t.Fatalf("%v, %v", answer, err)
	}
}

func TestAHangupAnswersNothing(t *testing.T) {
	_, server := started(t)
	if response, err := http.Post(server.URL+"/p/hangup", "", nil); err == nil {
		_ = response.Body.Close()
		t.Fatal("it was answered")
	}
}

func TestAWebsocketEchoesAndSaysGoodbye(t *testing.T) {
	p, server := started(t)
	ctx := t.Context()
	connection, _, err := websocket.Dial(ctx, server.URL+"/p/ws", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.CloseNow() }()
	if err := connection.Write(ctx, websocket.MessageText, []byte("ping")); err != nil {
		t.Fatal(err)
	}
	_, text, err := connection.Read(ctx)
	if err != nil || !strings.Contains(string(text), `"echo":"ping"`) {
		t.Fatalf("%s, %v", text, err)
	}
	close(p.stopping)
	if _, _, err = connection.Read(ctx); websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Fatal(err)
	}
}

func TestGRPCSharesThePortWithHTTP(t *testing.T) {
	_, server := started(t)
	address := strings.TrimPrefix(server.URL, "http://")
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	answer := new(structpb.Struct)
	var trailer metadata.MD
	request := echo.Message(map[string]any{"text": "hello"})
	if err := connection.Invoke(t.Context(), echo.Path("Say"), request, answer, grpc.Trailer(&trailer)); err != nil {
		t.Fatal(err)
	}
	if text := answer.Fields["text"].GetStringValue(); text != "hello" || trailer.Get("x-checksum")[0] != "42" {
		t.Fatalf("%v, %v", answer, trailer)
	}
}
