//go:build tools

// Package tools pins the Pulumi CLI. It is built from a module of our own, not with `go install`, because the CLI's
// module relies on a replace directive, which only a main module may carry.
package tools

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
