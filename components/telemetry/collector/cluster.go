package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	accountFolder = "/var/run/secrets/kubernetes.io/serviceaccount"
	// clusterTime is for an answer that ends.
	clusterTime = 10 * time.Second
)

// errNotThere is the answer of the API server about what there is not, not yet or not any more.
var errNotThere = errors.New("there is no such thing")

// cluster is the API server of the cluster in which this program runs, asked as the account of its pod.
type cluster struct {
	address string
	// account is the folder with the account's token, which the kubelet renews, and the certificate of who signed the
	// server's.
	account string
	client  *http.Client
}

func newCluster(account string) (*cluster, error) {
	host, port := os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT")
	if host == "" || port == "" {
		return nil, errors.New("KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are missing: this is no pod")
	}
	authority, err := os.ReadFile(filepath.Join(account, "ca.crt"))
	if err != nil {
		return nil, err
	}
	trusted := x509.NewCertPool()
	if !trusted.AppendCertsFromPEM(authority) {
		return nil, fmt.Errorf("%s/ca.crt holds no certificate", account)
	}
	// One connection for each log, by HTTP/1.1: while the store is away nothing more is taken from any, and what has
	// been sent waits in the kernel instead of this program's memory. One that is dead is noticed after half a minute.
	alive := net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 4}
	return &cluster{
		address: "https://" + net.JoinHostPort(host, port),
		account: account,
		client: &http.Client{Transport: &http.Transport{
			DialContext:         (&net.Dialer{Timeout: clusterTime, KeepAliveConfig: alive}).DialContext,
			TLSClientConfig:     &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout: clusterTime,
		}},
	}, nil
}

// open asks for what does not end by itself; whoever asks closes it.
func (c *cluster) open(ctx context.Context, path string, query url.Values) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.address+path+"?"+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	token, err := os.ReadFile(filepath.Join(c.account, "token"))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	response, err := c.client.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode == http.StatusOK {
		return response.Body, nil
	}
	defer func() { _ = response.Body.Close() }()
	said, _ := io.ReadAll(io.LimitReader(response.Body, 1000))
	// A container that has not started, or not been started again, is a bad request.
	if response.StatusCode == http.StatusNotFound || response.StatusCode == http.StatusBadRequest {
		return nil, fmt.Errorf("%w: %s: %s", errNotThere, path, said)
	}
	return nil, fmt.Errorf("%s: %s: %s", path, response.Status, said)
}

// list reads the items of a list.
func (c *cluster) list(ctx context.Context, path string, query url.Values, items any) error {
	ctx, cancel := context.WithTimeout(ctx, clusterTime)
	defer cancel()
	body, err := c.open(ctx, path, query)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	return json.NewDecoder(body).Decode(&struct{ Items any }{items})
}
