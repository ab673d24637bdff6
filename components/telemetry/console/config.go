package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
)

// Config is what the stack tells its console.
type Config struct {
	// Stack is its name, for the title.
	Stack string `json:"stack"`
	// Listen is the address of the page, as ":3000".
	Listen string `json:"listen"`
	// Metrics, Logs and Alerts are the stores' addresses with their path prefixes.
	Metrics string `json:"metrics"`
	Logs    string `json:"logs"`
	Alerts  string `json:"alerts"`
	// Hosts are the names by which a browser may ask for the page; "*.name" are all names below one.
	Hosts []string `json:"hosts"`
	// Architecture is what runs where. Only the page reads it.
	Architecture json.RawMessage `json:"architecture"`
}

func readConfig(file string) (Config, error) {
	var config Config
	text, err := os.ReadFile(file)
	if err != nil {
		return config, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&config); err != nil {
		return config, fmt.Errorf("%s: %w", file, err)
	}
	if _, _, err := net.SplitHostPort(config.Listen); err != nil {
		return config, fmt.Errorf("%s: listen: %w", file, err)
	}
	if len(config.Hosts) == 0 {
		return config, fmt.Errorf("%s: hosts: name at least one, as localhost", file)
	}
	if len(config.Architecture) == 0 {
		return config, fmt.Errorf("%s: architecture is missing", file)
	}
	for _, store := range config.stores() {
		if address, err := url.Parse(store.address); err != nil || address.Host == "" {
			return config, fmt.Errorf("%s: %s: %q is not an address", file, store.name, store.address)
		}
	}
	return config, nil
}

// knows says whether a browser may use this Host. Any other name may have been pointed here by its owner, whose page
// would then read everything (DNS rebinding).
func (c Config) knows(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	// An address is no name, so nobody can point it elsewhere. The health check uses this one.
	if host == "127.0.0.1" {
		return true
	}
	for _, known := range c.Hosts {
		if below, wild := strings.CutPrefix(known, "*"); host == known || wild && strings.HasSuffix(host, below) && len(host) > len(below) {
			return true
		}
	}
	return false
}
