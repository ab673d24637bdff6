//go:build tools

// Package tools pins the static analyser of the Go code.
package tools

import _ "honnef.co/go/tools/cmd/staticcheck"
