package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"gostack.dev/users/internal/configuration"
)

const healthTimeout = 3 * time.Second

// health is the health check of a container that has no shell and no curl.
func health(ctx context.Context, lookup configuration.Lookup, problems io.Writer) int {
	port, err := configuration.LoadPort(lookup)
	if err != nil {
		_, _ = fmt.Fprintln(problems, err)
		return exitMisconfigured
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/health/ready", port), nil)
	if err != nil {
		_, _ = fmt.Fprintln(problems, err)
		return exitFailure
	}
	// A transport of its own: a proxy from the environment must not be asked.
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(request)
	if err != nil {
		_, _ = fmt.Fprintln(problems, err)
		return exitFailure
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		_, _ = io.Copy(problems, io.LimitReader(response.Body, 4096))
		return exitFailure
	}
	return exitOK
}
