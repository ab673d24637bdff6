//go:build tools

// Package tools pins Consul as a tool of a module of our own, so that its version and checksums are committed here.
package tools

import _ "github.com/hashicorp/consul"
