package main

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

var users = identity{"users", "east", "stable", "users-east-1", "application"}

const arrival = "2026-11-29T10:00:00.123456789Z"

func rowOf(text string, secrets ...string) fields {
	var patterns redaction
	for _, secret := range secrets {
		patterns = append(patterns, regexp.MustCompile(secret))
	}
	return lineRow(found{users, entry{time: arrival, stream: "stdout", text: []byte(text)}}, patterns)
}

func has(t *testing.T, row fields, wanted map[string]string) {
	t.Helper()
	for field, value := range wanted {
		if row[field] != value {
			t.Errorf("%s is %q, not %q", field, row[field], value)
		}
	}
}

func TestALineOfTextIsAMessageOfItsContainer(t *testing.T) {
	row := rowOf("{ not JSON\r")
	has(t, row, map[string]string{
		"_time": arrival, "_msg": "{ not JSON", "kind": "log", "service": "users", "region": "east", "track": "stable",
		"instance": "users-east-1", "role": "application", "stream": "stdout",
	})
	if len(row) != 9 {
		t.Errorf("%v", row)
	}
}

func TestALineOfJSONBecomesFields(t *testing.T) {
	has(t, rowOf(`{"time":"2026-11-29T09:59:59.5Z","level":"ERROR","msg":"no","order":{"id":12345678901234567890,"paid":false},"tags":["a",1],"nothing":null,"traceId":"0af7651916cd43dd8448eb211c80319c"}`),
		map[string]string{
			"_time": "2026-11-29T09:59:59.5Z", "time": "", "level": "error", "_msg": "no", "msg": "",
			"order.id": "12345678901234567890", "order.paid": "false", "tags": `["a",1]`,
			"trace_id": "0af7651916cd43dd8448eb211c80319c", "traceId": "",
		})
}

func TestAProgramsFieldsDoNotReplaceWhatItsContainerIs(t *testing.T) {
	has(t, rowOf(`{"message":"m","service":"billing","kind":"order","track":"9","stream":"stdout"}`), map[string]string{
		"service": "users", "line.service": "billing", "kind": "log", "line.kind": "order", "track": "stable",
		"line.track": "9", "line.stream": "",
	})
}

func TestTheTimeIsTheLinesOwnWhenItIsOne(t *testing.T) {
	for written, wanted := range map[string]string{
		`"2026-11-29T11:59:59.25+02:00"`:   "2026-11-29T09:59:59.25Z",
		`"2026-11-29T09:59:59.25+0000"`:    "2026-11-29T09:59:59.25Z",
		`1795946399.25`:                    "2026-11-29T09:59:59.25Z",
		`1795946399250`:                    "2026-11-29T09:59:59.25Z",
		`1795946399250000000`:              "2026-11-29T09:59:59.25Z",
		`"2026-11-29T10:00:00+00:00"`:      arrival, // whole seconds
		`"2026-11-29T09:59:58+00:00"`:      "2026-11-29T09:59:58Z",
		`"2020-01-01T00:00:00Z"`:           arrival, // the store has no such days
		`"2027-01-01T00:00:00Z"`:           arrival,
		`"yesterday"`:                      arrival,
		`12`:                               arrival,
		`{"start":"2026-11-29T09:00:00Z"}`: arrival,
	} {
		if got := rowOf(`{"message":"m","ts":` + written + `}`)["_time"]; got != wanted {
			t.Errorf("%s: %s, not %s", written, got, wanted)
		}
	}
	if got := rowOf(`{"message":"m","time":"yesterday"}`)["time"]; got != "yesterday" {
		t.Errorf("a time that is none is kept: %q", got)
	}
}

func TestARequestHasTheTimeOfItsEnd(t *testing.T) {
	has(t, rowOf(`{"timestamp":"2026-11-29T10:00:00+00:00","ended":1795946400.042,"message":"GET /"}`),
		map[string]string{"_time": "2026-11-29T10:00:00.042Z", "ended": "1795946400.042"})
}

func TestNoSecretLeaves(t *testing.T) {
	for _, text := range []string{
		"password=hunter2", `{"message":"password=hunter2"}`, `{"a":{"b":[{"c":"password=hunter2"}]}}`,
		`{"level":"password=hunter2","message":"m"}`, `{"message":"pass\u0077ord=hunter2"}`, `{"service":"password=hunter2"}`,
		`{"time":"password=hunter2"}`, `{"` + strings.Repeat("k", 200) + `":"password=hunter2"}`,
	} {
		if written := string(encodeRow(rowOf(text, `password=\S+?\b`, "another"))); strings.Contains(written, "hunter2") {
			t.Errorf("%s: %s", text, written)
		}
	}
	has(t, rowOf(`{"message":"user=a password=b token=c"}`, `password=\w`, `token=\w`),
		map[string]string{"_msg": "user=a [redacted] [redacted]"})
}

// VictoriaLogs drops a row with a longer name, more fields or more than 2 MiB.
func TestWhatTheStoreWouldDropIsKeptAsText(t *testing.T) {
	long := `{"` + strings.Repeat("k", 129) + `":"v"}`
	has(t, rowOf(long), map[string]string{"_msg": long})
	var many strings.Builder
	for number := range 600 {
		many.WriteString(`,"k` + strings.Repeat("x", number%90) + string(rune('a'+number%26)) + strings.Repeat("y", number/90) + `":1`)
	}
	text := "{" + many.String()[1:] + "}"
	has(t, rowOf(text), map[string]string{"_msg": text})
	huge := encodeRow(rowOf(strings.Repeat("\x01", 1<<20)))
	if len(huge) > maxRow || !strings.Contains(string(huge), `"shortened":"true"`) {
		t.Errorf("%d bytes", len(huge))
	}
}

func FuzzEveryLineBecomesARow(f *testing.F) {
	f.Add("text")
	f.Add(`{"a":{"b":"c"},"time":1e400,"level":"\ud800"}`)
	f.Fuzz(func(t *testing.T, text string) {
		row := rowOf(text)
		if row["_time"] == "" || row["kind"] != "log" || len(encodeRow(row)) == 0 {
			t.Errorf("%q: %v", text, row)
		}
		if _, err := time.Parse(time.RFC3339Nano, row["_time"]); err != nil {
			t.Error(err)
		}
	})
}

func TestASecretThatIsANumberOrIsWrittenWithEscapesDoesNotLeaveEither(t *testing.T) {
	const card, password = "4111111111111111", "hunter2"
	for _, line := range []string{
		`{"message":"m","card":4111111111111111}`, `{"message":"m","cards":[{"number":4111111111111111}]}`,
		`{"level":"info","card":4111111111111111}`, `{"level":"info","password":"hunt\u0065r2"}`,
	} {
		row := rowOf(line, "[0-9]{13,19}", password)
		if written := string(encodeRow(row)); strings.Contains(written, card) || strings.Contains(written, password) || strings.Contains(written, "u0065") {
			t.Errorf("%s became %s", line, written)
		}
	}
	has(t, rowOf(`{"message":"m","order":41,"parts":[1,true,null]}`, "[0-9]{13,19}"), map[string]string{"order": "41", "parts": "[1,true,null]"})
}
