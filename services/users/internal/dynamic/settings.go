// Package dynamic holds the settings that may change while the service runs.
package dynamic

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"sync/atomic"
)

// Settings is the JSON document under the service's key in Consul.
type Settings struct {
	// RateLimitPerSecond is requests a second and instance; zero is no limit.
	RateLimitPerSecond float64 `json:"rate_limit_per_second"`
	// RateLimitBurst is how many requests may come at once.
	RateLimitBurst int `json:"rate_limit_burst"`
	// Features are switches by name; an absent one is off.
	Features map[string]bool `json:"features"`
}

// Parse refuses whatever it does not understand completely: a half-read
// document would be worse than the one in force. Absent keys keep the value
// that the environment gave.
func Parse(document []byte, defaults Settings) (Settings, error) {
	settings := Settings{RateLimitPerSecond: defaults.RateLimitPerSecond, RateLimitBurst: defaults.RateLimitBurst}
	if err := Decode(document, &settings, (*json.Decoder).DisallowUnknownFields); err != nil {
		return Settings{}, err
	}
	if settings.RateLimitPerSecond < 0 || settings.RateLimitPerSecond > math.MaxInt32 {
		return Settings{}, fmt.Errorf("rate_limit_per_second is %v", settings.RateLimitPerSecond)
	}
	if settings.RateLimitBurst < 0 || settings.RateLimitBurst > math.MaxInt32 {
		return Settings{}, fmt.Errorf("rate_limit_burst is %d", settings.RateLimitBurst)
	}
	return settings, nil
}

// Decode reads a document that is one JSON object and nothing else; prepare sets the decoder up.
func Decode(document []byte, into any, prepare func(*json.Decoder)) error {
	if trimmed := bytes.TrimSpace(document); len(trimmed) == 0 || trimmed[0] != '{' {
		return errors.New("it is not a JSON object")
	}
	decoder := json.NewDecoder(bytes.NewReader(document))
	prepare(decoder)
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("it cannot be read: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the JSON object")
	}
	return nil
}

// Store holds the settings in force.
type Store struct {
	defaults Settings
	current  atomic.Pointer[Settings]
	apply    func(Settings)
}

// NewStore starts with the settings of the environment and calls apply with
// them and with each later change.
func NewStore(defaults Settings, apply func(Settings)) *Store {
	store := &Store{defaults: defaults, apply: apply}
	store.set(defaults)
	return store
}

// Feature tells whether a switch is on.
func (s *Store) Feature(name string) bool { return s.current.Load().Features[name] }

// Current returns the settings in force.
func (s *Store) Current() Settings { return *s.current.Load() }

// LogValue gives the settings in force to the log.
func (s *Store) LogValue() slog.Value { return slog.AnyValue(s.Current()) }

// Replace takes a document over, or leaves everything as it is and says why.
func (s *Store) Replace(document []byte) error {
	settings, err := Parse(document, s.defaults)
	if err != nil {
		return err
	}
	s.set(settings)
	return nil
}

// Reset goes back to the settings of the environment.
func (s *Store) Reset() { s.set(s.defaults) }

func (s *Store) set(settings Settings) {
	s.current.Store(&settings)
	s.apply(settings)
}
