package cache

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"reflect"
	"strconv"
	"strings"
	"time"
)

const (
	// Unmade is the version of a key that no row has had so far: one may still be made.
	Unmade int64 = 0
	// Gone is the version of a row that was deleted. Keys are not used again, so
	// nothing is newer; Lua's numbers hold no larger one exactly.
	Gone int64 = 1<<53 - 1

	// largestEntry is what a value may take in Valkey and on its way: a larger
	// one is not cached.
	largestEntry = 8 << 10
)

// Entry is what is known of one key.
type Entry[V any] struct {
	Value V
	// Version grows with every change of the row: of two entries the one with
	// the higher version is right, in whatever order they arrive.
	Version int64
	// Confirmed is when the database was asked, or written to.
	Confirmed time.Time
}

// Exists tells a row from the knowledge that there is none.
func (e Entry[V]) Exists() bool { return e.Version != Unmade && e.Version != Gone }

// text is an entry in Valkey: version and time in microseconds, and the row as JSON.
func (e Entry[V]) text() (string, error) {
	var row []byte
	if e.Exists() {
		var err error
		if row, err = json.Marshal(e.Value); err != nil {
			return "", err
		}
	}
	text := fmt.Sprintf("%d %d %s", e.Version, e.Confirmed.UnixMicro(), row)
	if len(text) > largestEntry {
		return "", fmt.Errorf("an entry of %d bytes is too large to be cached", len(text))
	}
	return text, nil
}

func parse[V any](text string) (Entry[V], error) {
	parts := strings.SplitN(text, " ", 3)
	if len(parts) != 3 || len(text) > largestEntry {
		return Entry[V]{}, errors.New("what is in Valkey is no entry")
	}
	version, problem := strconv.ParseInt(parts[0], 10, 64)
	micros, err := strconv.ParseInt(parts[1], 10, 64)
	if err = errors.Join(problem, err); err != nil {
		return Entry[V]{}, err
	}
	entry := Entry[V]{Version: version, Confirmed: time.UnixMicro(micros)}
	if entry.Exists() {
		err = json.Unmarshal([]byte(parts[2]), &entry.Value)
	}
	return entry, err
}

// schema changes with the fields of V: two releases whose rows look different do
// not read each other's entries while they run side by side.
func schema[V any]() string {
	hash := fnv.New32a()
	for _, field := range reflect.VisibleFields(reflect.TypeFor[V]()) {
		_, _ = fmt.Fprintln(hash, field.Name, field.Type, field.Tag)
	}
	return fmt.Sprintf("%08x", hash.Sum32())
}
