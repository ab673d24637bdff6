package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func lookupIn(values map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, found := values[name]
		return value, found
	}
}

func TestAMissingVariableIsOneLogLineAndExitTwo(t *testing.T) {
	for _, arguments := range [][]string{nil, {"serve"}, {"seed"}, {"migrate"}, {"migrate", "force", "1"}} {
		var output, problems bytes.Buffer
		status := run(t.Context(), arguments, lookupIn(map[string]string{"MYSQL_USER": "u", "MYSQL_PASSWORD": "hush", "MYSQL_DATABASE": "d"}), &output, &problems)
		var line map[string]any
		if err := json.Unmarshal(output.Bytes(), &line); err != nil {
			t.Fatalf("%v: not one line: %q", arguments, output.String())
		}
		if status != exitMisconfigured || line["level"] != "ERROR" || !strings.HasPrefix(line["message"].(string), "MYSQL_PRIMARY_ADDRESS is missing") {
			t.Errorf("%v: exit %d, %s", arguments, status, output.String())
		}
	}
}

func TestUnknownCommandsShowTheUsage(t *testing.T) {
	for _, arguments := range [][]string{{"fly"}, {"serve", "now"}, {"seed", "now"}, {"migrate", "down"}, {"migrate", "force"}, {"migrate", "force", "x"}} {
		var output, problems bytes.Buffer
		if status := run(t.Context(), arguments, lookupIn(nil), &output, &problems); status != exitMisconfigured || problems.String() != usage {
			t.Errorf("%v: exit %d, %q", arguments, status, problems.String())
		}
	}
}

func TestTheVersionCommandNeedsNoConfiguration(t *testing.T) {
	var output, problems bytes.Buffer
	status := run(t.Context(), []string{"version"}, lookupIn(map[string]string{"SERVICE_VERSION": "3.2.1"}), &output, &problems)
	if status != exitOK || output.String() != "users 3.2.1 (unknown)\n" {
		t.Errorf("exit %d, %q", status, output.String())
	}
}

func TestTheHealthCommandFollowsReadiness(t *testing.T) {
	answer := http.StatusOK
	var asked string
	server := httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		asked = request.URL.Path
		writer.WriteHeader(answer)
	}))
	address, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	check := func() int {
		var output, problems bytes.Buffer
		return run(t.Context(), []string{"health"}, lookupIn(map[string]string{"PORT": address.Port()}), &output, &problems)
	}
	if status := check(); status != exitOK || asked != "/health/ready" {
		t.Errorf("ready: exit %d after asking %q", status, asked)
	}
	answer = http.StatusServiceUnavailable
	if status := check(); status != exitFailure {
		t.Errorf("not ready: exit %d", status)
	}
	server.Close()
	if status := check(); status != exitFailure {
		t.Errorf("nobody there: exit %d", status)
	}
}
