package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSettingsAreRefusedWithTheReason(t *testing.T) {
	for text, wanted := range map[string]string{
		`{`:                   "unexpected end",
		`{"logs":"http://l"}`: "stack",
		`{"stack":"dev"}`:     "logs",
		`{"stack":"dev","logs":"http://l","redact":["a("]}`: "redact",
	} {
		name := filepath.Join(t.TempDir(), "collector.json")
		must(t, os.WriteFile(name, []byte(text), 0o600))
		if _, _, err := readConfiguration(name); err == nil || !strings.Contains(err.Error(), wanted) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestAStateThatCannotBeWrittenIsKnownAtTheStart(t *testing.T) {
	if _, err := openCheckpoints("/proc"); err == nil {
		t.Error("it is written")
	}
}

func TestHealthIsASubcommand(t *testing.T) {
	for written, wanted := range map[string]struct {
		name   string
		health bool
	}{
		"":                 {"/etc/gostack/collector.json", false},
		"-config f":        {"f", false},
		"health":           {"/etc/gostack/collector.json", true},
		"health -config f": {"f", true},
		"-config f health": {"f", true},
	} {
		name, health, err := arguments(strings.Fields(written))
		if err != nil || name != wanted.name || health != wanted.health {
			t.Errorf("%q: %s %t %v", written, name, health, err)
		}
	}
	for _, written := range []string{"heal", "health now", "-config"} {
		if _, _, err := arguments(strings.Fields(written)); err == nil {
			t.Errorf("%q is taken", written)
		}
	}
}
