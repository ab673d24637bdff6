//go:build tools

// Package tools pins the program that `make bench` compares with.
package tools

import _ "github.com/docker/compose/v2/cmd"
