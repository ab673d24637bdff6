// Command mysql-proxy is one address for whichever member of a MySQL group is the primary. It carries bytes and reads
// none: TLS is between the client and the member. Reads DATACENTERS, those in which members are registered; the Consul
// agent that it asks is in its own pod.
package main

import (
	"context"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

const (
	agent = "http://127.0.0.1:8500"
	// clients is where MySQL is expected, and status where the agent checks.
	clients = ":3306"
	status  = ":3307"
)

func main() {
	log.SetFlags(0)
	ended, _ := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	p := newProxy()
	for _, datacenter := range strings.Fields(os.Getenv("DATACENTERS")) {
		go follow(ended, agent, datacenter, p.heard)
	}
	listener, err := net.Listen("tcp", clients)
	if err != nil {
		log.Fatal(err)
	}
	go func() { log.Fatal(p.serve(listener)) }()
	server := &http.Server{Addr: status, Handler: p, ReadHeaderTimeout: time.Second}
	go func() { log.Fatal(server.ListenAndServe()) }()
	<-ended.Done()
}
