package database

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"gostack.dev/users/internal/configuration"
)

// The members are registered under this name, and the check of an instance with
// this tag passes on the primary only.
const (
	mysqlService  = "mysql"
	primaryTag    = "primary"
	largestAnswer = 1 << 20
)

// catalog asks the local Consul agent which member is the primary.
type catalog struct {
	consul      configuration.Consul
	datacenters []string
	timeout     time.Duration
	client      *http.Client
	logger      *slog.Logger
}

func newCatalog(consul configuration.Consul, datacenters []string, timeout time.Duration, logger *slog.Logger) *catalog {
	// A transport of its own: a proxy from the environment must not be asked.
	transport := &http.Transport{MaxIdleConnsPerHost: len(datacenters), IdleConnTimeout: time.Minute}
	return &catalog{consul, datacenters, timeout, &http.Client{Transport: transport}, logger}
}

// locate asks all datacenters at once and gives addresses in the order of their
// answers, so that a datacenter that is gone delays nothing.
func (c *catalog) locate(ctx context.Context) <-chan string {
	found := make(chan string)
	asking, cancel := context.WithTimeout(ctx, c.timeout)
	var questions sync.WaitGroup
	for _, datacenter := range c.datacenters {
		questions.Go(func() {
			addresses, err := c.ask(asking, datacenter)
			if err != nil {
				c.logger.DebugContext(ctx, "Consul did not tell the MySQL primary", "datacenter", datacenter, "error", err.Error())
			}
			for _, address := range addresses {
				select {
				case found <- address:
				case <-ctx.Done():
				}
			}
		})
	}
	go func() {
		questions.Wait()
		cancel()
		close(found)
	}()
	return found
}

func (c *catalog) ask(ctx context.Context, datacenter string) ([]string, error) {
	query := url.Values{"tag": {primaryTag}, "passing": {""}, "consistent": {""}, "dc": {datacenter}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.consul.Address+"/v1/health/service/"+mysqlService+"?"+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	if token := c.consul.Token.Reveal(); token != "" {
		request.Header.Set("X-Consul-Token", token)
	}
	response, err := c.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the answer of Consul is %s", response.Status)
	}
	var instances []instance
	if err := json.NewDecoder(io.LimitReader(response.Body, largestAnswer)).Decode(&instances); err != nil {
		return nil, err
	}
	var addresses []string
	for _, found := range instances {
		if address := found.address(); address != "" {
			addresses = append(addresses, address)
		}
	}
	return addresses, nil
}

// instance is the part of an entry of /v1/health/service that says where it is.
type instance struct {
	Node    struct{ Address string }
	Service struct {
		Address string
		Port    int
		Meta    map[string]string
	}
}

// address prefers the name under which the member's certificate is made out.
func (i instance) address() string {
	if named := i.Service.Meta["address"]; named != "" {
		if _, _, err := net.SplitHostPort(named); err == nil {
			return named
		}
		if i.Service.Port > 0 {
			return net.JoinHostPort(named, strconv.Itoa(i.Service.Port))
		}
	}
	host := i.Service.Address
	if host == "" {
		host = i.Node.Address
	}
	if host == "" || i.Service.Port <= 0 {
		return ""
	}
	return net.JoinHostPort(host, strconv.Itoa(i.Service.Port))
}
