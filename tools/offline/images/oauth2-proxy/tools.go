//go:build tools

// Package tools pins what the stand-in image is compiled from.
package tools

import _ "github.com/oauth2-proxy/oauth2-proxy/v7"
