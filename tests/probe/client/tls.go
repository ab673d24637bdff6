package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
)

var curves = map[string]tls.CurveID{
	"X25519MLKEM768": tls.X25519MLKEM768, "X25519": tls.X25519, "P-256": tls.CurveP256, "P-384": tls.CurveP384,
	"P-521": tls.CurveP521,
}

// runTLS makes a handshake in which the client offers one curve alone.
func runTLS(ctx context.Context, arguments []string) (map[string]any, error) {
	set, to := flags("tls")
	curve := set.String("curve", "X25519", "the curve")
	_ = set.Parse(arguments)
	if _, known := curves[*curve]; !known {
		return nil, fmt.Errorf("%q is no curve", *curve)
	}
	config, err := to.tls()
	if err != nil {
		return nil, err
	}
	config.CurvePreferences = []tls.CurveID{curves[*curve]}
	config.ServerName, _, err = net.SplitHostPort(to.host())
	if err != nil {
		return nil, err
	}
	connection, err := to.dial(ctx, "tcp", to.host())
	if err != nil {
		return nil, err
	}
	defer func() { _ = connection.Close() }()
	secured := tls.Client(connection, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		return map[string]any{"curve": "", "problem": err.Error()}, nil
	}
	return map[string]any{"curve": secured.ConnectionState().CurveID.String()}, nil
}
