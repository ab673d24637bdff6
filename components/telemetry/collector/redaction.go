package main

import "regexp"

const redacted = "[redacted]"

// redaction is what may be in no value that leaves.
type redaction []*regexp.Regexp

func (r redaction) clean(value string) string {
	for _, pattern := range r {
		value = pattern.ReplaceAllLiteralString(value, redacted)
	}
	return value
}
