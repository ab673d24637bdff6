//go:build tools

// Package tools pins the static analyser of workflows.
package tools

import _ "github.com/rhysd/actionlint/cmd/actionlint"
