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
		`{"stack":"dev","logs":"http://l","format":"x"}`:    `"x"`,
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
