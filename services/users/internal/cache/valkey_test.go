package cache

import (
	"fmt"
	"os"
	"testing"
	"time"
)

// realValkey is a server on which everything may be thrown away.
func realValkey(t *testing.T) Server {
	t.Helper()
	address := os.Getenv("VALKEY_TEST_ADDRESS")
	if address == "" {
		t.Skip("VALKEY_TEST_ADDRESS is not set")
	}
	return Server{Address: address, Password: func() string { return os.Getenv("VALKEY_TEST_PASSWORD") }}
}

func TestRealValkeyKeepsTheNewerEntryAndTellsOfIt(t *testing.T) {
	database, server := newTable(), realValkey(t)
	name := fmt.Sprintf("people-%d", time.Now().UnixNano())
	named := func(o *Options[person]) { o.Name = name }
	writer, reader := newReplica(t, database, server, named), newReplica(t, database, server, named)
	reader.awaitListening(t, true)
	old := database.write(1, "old")
	writer.Changed(t.Context(), 1, database.write(1, "new"))
	eventually(t, "the new row", func() bool { return reader.reads(t, 1) == "new" })
	if asked := database.asked.Load(); asked > 1 {
		t.Errorf("the database was asked %d times", asked)
	}
	writer.Changed(t.Context(), 1, old)
	text, err := writer.shared.get(t.Context(), writer.prefix+"1")
	if err != nil {
		t.Fatal(err)
	}
	if entry, err := parse[person](text); err != nil || entry.Value.Name != "new" {
		t.Errorf("Valkey has %q, %v", text, err)
	}
	if left := writer.shared.client.PTTL(t.Context(), writer.prefix+"1").Val(); left <= 0 || left > stale {
		t.Errorf("it is kept for %s", left)
	}
}

func TestRealValkeyThatForgetsScriptsIsNotMissed(t *testing.T) {
	database, server := newTable(), realValkey(t)
	r := newReplica(t, database, server, func(o *Options[person]) { o.Name = fmt.Sprintf("people-%d", time.Now().UnixNano()) })
	for _, name := range []string{"first", "second"} {
		if err := r.shared.client.ScriptFlush(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		r.Changed(t.Context(), 1, database.write(1, name))
		text, err := r.shared.get(t.Context(), r.prefix+"1")
		if entry, problem := parse[person](text); err != nil || problem != nil || entry.Value.Name != name {
			t.Errorf("%q, %v, %v", text, err, problem)
		}
	}
}
