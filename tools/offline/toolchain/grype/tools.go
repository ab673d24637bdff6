//go:build tools

// Package tools pins the programs that list what an image holds and search it for known vulnerabilities.
package tools

import (
	_ "github.com/anchore/grype/cmd/grype"
	_ "github.com/anchore/syft/cmd/syft"
)
