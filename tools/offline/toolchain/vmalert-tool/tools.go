//go:build tools

// Package tools pins the unit tests' runner of alerting and recording rules.
package tools

import _ "github.com/VictoriaMetrics/VictoriaMetrics/app/vmalert-tool"
