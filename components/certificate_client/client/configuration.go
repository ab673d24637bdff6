package main

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"os"
)

// configuration is what the stack says, in one file that holds secrets.
type configuration struct {
	// Series is signed by the stack's own authority, in the order of their times; empty where they are ordered by ACME. What
	// is only for ACME is empty otherwise: from Directory to Nameservers, StateKey and State.
	Series []signed `json:"series"`
	// Directory is the URL of the authority's directory (RFC 8555).
	Directory string `json:"directory"`
	// DirectoryCA signs the directory's own TLS certificate, PEM; empty where the public authorities do.
	DirectoryCA string `json:"directory_ca"`
	// Email is told by the authority about the account; may be empty.
	Email string `json:"email"`
	// Profile of certificates, as the authority names it; empty for its usual one.
	Profile string `json:"profile"`
	// Challenge is http-01 or dns-01.
	Challenge string `json:"challenge"`
	// Provider keeps the DNS zones, for dns-01.
	Provider string `json:"provider"`
	// Environment is what the provider reads, as lego names it.
	Environment map[string]string `json:"environment"`
	// Nameservers are asked whether a record of dns-01 is there; empty: the zone's own.
	Nameservers []string `json:"nameservers"`
	// Names are those of the one certificate.
	Names []string `json:"names"`
	// Regions whose ingresses fetch it.
	Regions []string `json:"regions"`
	// StateKey encrypts what is kept, 32 bytes.
	StateKey []byte `json:"state_key"`
	// Token is what an ingress shows.
	Token string `json:"token"`
	// Certificate and PrivateKey are those of this program, PEM, signed by the stack's own authority.
	Certificate string `json:"certificate"`
	PrivateKey  string `json:"private_key"`
	// State is the folder of what is kept.
	State string `json:"state"`
	// Listen answers challenges and tells metrics, without TLS. ListenTLS hands out the certificate.
	Listen    string `json:"listen"`
	ListenTLS string `json:"listen_tls"`
}

func readConfiguration(name string) (configuration, error) {
	var found configuration
	text, err := os.ReadFile(name)
	if err != nil {
		return found, err
	}
	if err := json.Unmarshal(text, &found); err != nil {
		// Without the text, which holds secrets.
		return found, fmt.Errorf("%s is not what this program reads: %w", name, err)
	}
	return found, nil
}

func (c configuration) keyPair() (tls.Certificate, error) {
	return tls.X509KeyPair([]byte(c.Certificate), []byte(c.PrivateKey))
}
