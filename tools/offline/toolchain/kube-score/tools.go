//go:build tools

// Package tools pins the analyser of Kubernetes objects.
package tools

import _ "github.com/zegl/kube-score/cmd/kube-score"
