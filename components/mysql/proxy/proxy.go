package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

// dialTimeout is for a member that swallows packets; one whose server is gone refuses at once.
const dialTimeout = 2 * time.Second

// proxy knows who the primary is, and which connection leads where.
type proxy struct {
	mutex sync.Mutex
	// claims is datacenter to the member that is the primary by its Consul.
	claims  map[string]string
	primary string
	// open is client to member.
	open map[net.Conn]string
}

func newProxy() *proxy {
	return &proxy{claims: map[string]string{}, open: map[net.Conn]string{}}
}

// heard takes over what a datacenter's Consul says; member is "" when the primary is not there. The newest primary is
// the right one: that the one before is none any more may be heard later, or, where its region is lost, never.
func (p *proxy) heard(datacenter, member string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	before := p.claims[datacenter]
	if member == before {
		return
	}
	p.claims[datacenter] = member
	if member == "" && before != p.primary {
		return
	}
	if member == "" {
		for _, other := range p.claims {
			member = max(member, other)
		}
	}
	p.lead(member)
}

// lead ends the connections to the members that are not the primary, so that pools open others. While there is none they
// stay: the one before may only have been slow to say that it still is.
func (p *proxy) lead(member string) {
	log.Printf("the primary is %q, after %q", member, p.primary)
	p.primary = member
	if member == "" {
		return
	}
	for client, to := range p.open {
		if to != member {
			_ = client.Close()
		}
	}
}

func (p *proxy) serve(listener net.Listener) error {
	for {
		client, err := listener.Accept()
		if err != nil {
			return err
		}
		go p.carry(client)
	}
}

// carry connects a client with the primary until one of them ends it.
func (p *proxy) carry(client net.Conn) {
	defer func() { _ = client.Close() }()
	member := p.begin(client)
	defer p.end(client)
	if member == "" {
		return
	}
	server, err := net.DialTimeout("tcp", member, dialTimeout)
	if err != nil {
		log.Print(err)
		return
	}
	defer func() { _ = server.Close() }()
	go func() {
		_, _ = io.Copy(server, client)
		_ = server.Close()
	}()
	_, _ = io.Copy(client, server)
}

// begin returns where a new connection leads; "" when there is no primary.
func (p *proxy) begin(client net.Conn) string {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.open[client] = p.primary
	return p.primary
}

func (p *proxy) end(client net.Conn) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	delete(p.open, client)
}

// ServeHTTP tells whether connections lead anywhere.
func (p *proxy) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.primary == "" {
		http.Error(w, "no member is the primary", http.StatusServiceUnavailable)
		return
	}
	_, _ = fmt.Fprintln(w, p.primary)
}
