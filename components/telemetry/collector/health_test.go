package main

import (
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestItIsHealthyWhileItReadsThoughTheStoreIsAway(t *testing.T) {
	to := newFakeStore(t)
	to.leave(true)
	given := configured(t, to)
	newDocker(t, given.Containers, containerID, application).say("line")
	process := start(t, given)
	eventually(t, func() bool { return to.tries() > 1 }, "a try")
	must(t, askHealth(strings.TrimPrefix(process.url, "http://")))
	if status, text := process.get("/health"); status != http.StatusOK || text != "ok\n" {
		t.Errorf("%d %s", status, text)
	}
}

func TestItIsIllWhenLogsCannotBeRead(t *testing.T) {
	logs := &tailer{root: "/nowhere"}
	logs.alive.Store(time.Now().Add(-staleAfter - time.Second).Unix())
	if logs.scan() == nil {
		t.Error("it reads a folder that is not there")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	go func() { _ = http.Serve(listener, http.HandlerFunc(logs.healthy)) }()
	t.Cleanup(func() { _ = listener.Close() })
	if err := askHealth(listener.Addr().String()); err == nil || !strings.Contains(err.Error(), "/nowhere") {
		t.Error(err)
	}
}

func TestItIsIllWhenNobodyListens(t *testing.T) {
	if askHealth("127.0.0.1:1") == nil || askHealth("1") == nil {
		t.Error("it is healthy")
	}
}
