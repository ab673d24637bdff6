//go:build tools

// Package tools pins the load generator of the drills.
package tools

import _ "github.com/tsenart/vegeta/v12"
