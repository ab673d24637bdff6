package main

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"slices"
	"time"
)

// renewWith is the share of a certificate's life that is left when it is renewed at the latest.
const renewWith = 0.3

// pair is a certificate, with those between it and the authority's root, and its private key; PEM.
type pair struct {
	// What it was ordered with.
	Directory string   `json:"directory"`
	Profile   string   `json:"profile"`
	Names     []string `json:"names"`

	Chain []byte `json:"chain"`
	Key   []byte `json:"key"`
}

// leaf returns the certificate; nil where there is none. One of another key or of other names is an error.
func (p pair) leaf() (*x509.Certificate, error) {
	if len(p.Chain) == 0 {
		return nil, nil
	}
	found, err := tls.X509KeyPair(p.Chain, p.Key)
	if err != nil {
		return nil, err
	}
	for _, name := range p.Names {
		if err := found.Leaf.VerifyHostname(name); err != nil {
			return nil, err
		}
	}
	return found.Leaf, nil
}

// ordered says whether it is what would be ordered today.
func (p pair) ordered(given configuration) bool {
	return p.Directory == given.Directory && p.Profile == given.Profile && slices.Equal(p.Names, given.Names)
}

// bundle is what an ingress fetches.
func (p pair) bundle() []byte { return slices.Concat(p.Chain, p.Key) }

// digest tells whether things are the same.
func digest(parts ...any) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q", parts))
	return hex.EncodeToString(sum[:])
}

// renewAt is when a certificate is due by its life alone.
func renewAt(leaf *x509.Certificate) time.Time {
	life := leaf.NotAfter.Sub(leaf.NotBefore)
	return leaf.NotAfter.Add(-time.Duration(float64(life) * renewWith))
}
