package main

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
)

// configuration is collector.json.
type configuration struct {
	// Stack is the value of the label gostack.stack of those containers that are read.
	Stack string
	// Containers is the engine's folder of containers, with the logs of its json-file driver.
	Containers string
	// Namespaces are those of a cluster with the stack's pods in them; given, the cluster is asked for their logs and for
	// what they use, and not the folders.
	Namespaces []string
	// Account is the folder with what the cluster knows this program by.
	Account string
	// Cgroups is the file system of control groups; empty where somebody else measures containers.
	Cgroups string
	// State is a folder for what has been read; it is the only one that is written.
	State string
	// Listen is the address for spans, metrics and health.
	Listen string
	// Logs is VictoriaLogs, with its path prefix.
	Logs string
	// Certificates is region to host and port where its ingress speaks TLS.
	Certificates map[string]string
	// Hosts are those whose certificates are looked at there.
	Hosts []string
	// MySQL is how the members of the database are asked; without any, none is.
	MySQL mysqlConfiguration
	// Redact are regular expressions: what they match in a value does not get to the store.
	Redact []string
}

func readConfiguration(name string) (configuration, []*regexp.Regexp, error) {
	given := configuration{Containers: "/containers", Account: accountFolder, State: "/state", Listen: ":4318"}
	text, err := os.ReadFile(name)
	if err != nil {
		return given, nil, err
	}
	if err := json.Unmarshal(text, &given); err != nil {
		return given, nil, fmt.Errorf("%s: %w", name, err)
	}
	given.Logs = strings.TrimSuffix(given.Logs, "/")
	if given.Stack == "" || given.Logs == "" {
		return given, nil, fmt.Errorf("%s: it needs stack and logs", name)
	}
	patterns := make([]*regexp.Regexp, 0, len(given.Redact))
	for _, written := range given.Redact {
		pattern, err := regexp.Compile(written)
		if err != nil {
			return given, nil, fmt.Errorf("%s: redact: %w", name, err)
		}
		patterns = append(patterns, pattern)
	}
	return given, patterns, nil
}
