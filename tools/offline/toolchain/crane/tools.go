//go:build tools

// Package tools pins the program that copies images between registries.
package tools

import _ "github.com/google/go-containerregistry/cmd/crane"
