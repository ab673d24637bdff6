package main

import (
	"context"
	"crypto/tls"
	"log"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	certificatePause = time.Minute
	dialTime         = 5 * time.Second
)

// certificates asks each ingress for its certificates. While one does not answer, what it said last is still true.
type certificates struct {
	addresses           map[string]string
	hosts               []string
	notBefore, notAfter *prometheus.GaugeVec
}

func newCertificates(addresses map[string]string, hosts []string, registry prometheus.Registerer) *certificates {
	gauge := func(name, help string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, []string{"region", "host"})
	}
	made := &certificates{
		addresses, hosts,
		gauge("certificate_not_before_seconds", "When the life of the certificate of a host at a region's ingress began, in seconds since 1970."),
		gauge("certificate_not_after_seconds", "When the certificate of a host at a region's ingress expires, in seconds since 1970."),
	}
	registry.MustRegister(made.notBefore, made.notAfter)
	return made
}

func (c *certificates) run(ctx context.Context) {
	silent := map[string]bool{}
	for ctx.Err() == nil {
		for region, address := range c.addresses {
			for _, host := range c.hosts {
				err := c.ask(ctx, region, address, host)
				if err != nil && !silent[region+host] {
					log.Printf("the certificate of %s in %s at %s cannot be seen: %v", host, region, address, err)
				}
				silent[region+host] = err != nil
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(certificatePause):
		}
	}
}

func (c *certificates) ask(ctx context.Context, region, address, host string) error {
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	// It is looked at, not trusted: nothing is sent. One that has expired must be seen too.
	dialer := &tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, ServerName: host}} //nolint:gosec
	connection, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer func() { _ = connection.Close() }()
	leaf := connection.(*tls.Conn).ConnectionState().PeerCertificates[0]
	c.notBefore.WithLabelValues(region, host).Set(float64(leaf.NotBefore.Unix()))
	c.notAfter.WithLabelValues(region, host).Set(float64(leaf.NotAfter.Unix()))
	return nil
}
