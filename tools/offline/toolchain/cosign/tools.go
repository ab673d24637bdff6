//go:build tools

// Package tools pins the program that signs images and verifies their signatures.
//
// Of what is compiled into it, github.com/alibabacloud-go/cr-20160607 names its licence, Apache-2.0, in its README
// alone.
package tools

import _ "github.com/sigstore/cosign/v3/cmd/cosign"
