package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const containerID = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// fakeStore is VictoriaLogs, which may be away.
type fakeStore struct {
	*httptest.Server
	mutex sync.Mutex
	rows  []map[string]string
	away  bool
	asked int
}

func newFakeStore(t testing.TB) *fakeStore {
	t.Helper()
	made := &fakeStore{}
	made.Server = httptest.NewServer(made)
	t.Cleanup(made.Close)
	return made
}

func (s *fakeStore) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.asked++
	if s.away || err != nil {
		http.Error(w, "the disk is full", http.StatusTooManyRequests)
		return
	}
	if !strings.HasPrefix(r.URL.Path, "/logs/") {
		http.Error(w, "missing prefix", http.StatusBadRequest)
		return
	}
	for line := range strings.Lines(string(body)) {
		row := map[string]string{}
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			panic(err)
		}
		s.rows = append(s.rows, row)
	}
}

func (s *fakeStore) leave(away bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.away = away
}

func (s *fakeStore) received() []map[string]string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return append([]map[string]string{}, s.rows...)
}

func (s *fakeStore) tries() int {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.asked
}

// messages waits for so many rows, and a moment longer for those that should not come.
func (s *fakeStore) messages(t testing.TB, wanted int) []string {
	t.Helper()
	eventually(t, func() bool { return len(s.received()) >= wanted }, "%d rows", wanted)
	time.Sleep(2 * pollPause)
	var said []string
	for _, row := range s.received() {
		said = append(said, row["_msg"])
	}
	return said
}

func eventually(t testing.TB, done func() bool, wanted string, about ...any) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within a minute: "+wanted, about...)
		}
	}
}

func numbered(from, to int) []string {
	var said []string
	for number := from; number <= to; number++ {
		said = append(said, "line "+strconv.Itoa(number))
	}
	return said
}

// once fails unless each message came exactly once, in order.
func once(t testing.TB, got, wanted []string) {
	t.Helper()
	for position := range min(len(got), len(wanted)) {
		if got[position] != wanted[position] {
			t.Fatalf("message %d is %.60q, not %.60q", position, got[position], wanted[position])
		}
	}
	if len(got) != len(wanted) {
		t.Fatalf("%d messages, not %d", len(got), len(wanted))
	}
}

// docker writes a container's log as the json-file driver does.
type docker struct {
	t        testing.TB
	folder   string
	path     string
	maxSize  int64
	maxFiles int
}

var application = map[string]string{
	"gostack.stack": "dev", "gostack.service": "users", "gostack.region": "east", "gostack.track": "stable",
	"gostack.role": "application", "gostack.instance": "users-east-1",
}

func newDocker(t testing.TB, root, id string, labels map[string]string) *docker {
	t.Helper()
	folder := filepath.Join(root, id)
	must(t, os.MkdirAll(folder, 0o710))
	made := &docker{t, folder, filepath.Join(folder, id+"-json.log"), 10 << 20, 3}
	text, err := json.Marshal(map[string]any{
		"Name": "/a-name", "Config": map[string]any{"Labels": labels, "Env": []string{"PASSWORD=planted"}},
	})
	must(t, err)
	must(t, os.WriteFile(filepath.Join(folder, "config.v2.json"), text, 0o600))
	made.raw("")
	return made
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (d *docker) raw(text string) {
	d.t.Helper()
	file, err := os.OpenFile(d.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
	must(d.t, err)
	_, err = file.WriteString(text)
	must(d.t, err)
	must(d.t, file.Close())
}

func (d *docker) entry(stream, text string) {
	d.t.Helper()
	if information, err := os.Stat(d.path); err == nil && information.Size() >= d.maxSize {
		d.rotate()
	}
	d.raw(dockerLine(stream, text))
}

func dockerLine(stream, text string) string {
	line, _ := json.Marshal(struct {
		Log    string    `json:"log"`
		Stream string    `json:"stream"`
		Time   time.Time `json:"time"`
	}{text, stream, time.Now().UTC()})
	return string(line) + "\n"
}

func (d *docker) say(lines ...string) {
	d.t.Helper()
	for _, line := range lines {
		d.entry("stdout", line+"\n")
	}
}

func (d *docker) rotate() {
	d.t.Helper()
	for number := d.maxFiles - 1; number > 1; number-- {
		_ = os.Rename(fmt.Sprintf("%s.%d", d.path, number-1), fmt.Sprintf("%s.%d", d.path, number))
	}
	must(d.t, os.Rename(d.path, d.path+".1"))
	d.raw("")
}
