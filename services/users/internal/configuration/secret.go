package configuration

import "log/slog"

const redacted = "[redacted]"

// Secret is text that must not reach a log, whatever formats it.
type Secret string

// String hides the value from fmt and from error messages.
func (Secret) String() string { return redacted }

// GoString hides the value from %#v.
func (Secret) GoString() string { return redacted }

// LogValue hides the value from slog.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText hides the value from encoding/json.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Reveal returns the value for the one place that has to send it.
func (s Secret) Reveal() string { return string(s) }
