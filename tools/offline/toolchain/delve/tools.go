//go:build tools

// Package tools pins the debugger that `gostack dev --debug` starts a service under.
package tools

import _ "github.com/go-delve/delve/cmd/dlv"
