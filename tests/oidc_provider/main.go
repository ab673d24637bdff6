// Command oidc-provider is an issuer of OpenID Connect for tests. Whoever asks for a login has it at once, as the person
// that the header X-Test-User names. Each time it is started it signs with another key.
//
// It reads ADDRESS, where it listens by TLS, ISSUER, the host and port by which clients know it, CERTIFICATE and KEY, files
// with its own, and CLIENT_ID and CLIENT_SECRET of the one client that it knows.
package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"github.com/oauth2-proxy/mockoidc"
)

const usual = "ada"

var people = map[string]*mockoidc.MockUser{
	"ada": {
		Subject: "1815", Email: "ada@example.com", EmailVerified: true, PreferredUsername: "ada",
		Groups: []string{"engineers", "staff"},
	},
	"grace": {
		Subject: "1906", Email: "Grace@Example.com", EmailVerified: true, PreferredUsername: "grace",
		Groups: []string{"admirals"},
	},
	"eve": {
		Subject: "666", Email: "eve@example.net", EmailVerified: true, PreferredUsername: "root",
		Groups: []string{"strangers"},
	},
}

func main() {
	log.SetFlags(0)
	if err := run(); err != nil {
		log.Fatalf("oidc-provider: %v", err)
	}
}

func run() error {
	certificate, err := tls.LoadX509KeyPair(os.Getenv("CERTIFICATE"), os.Getenv("KEY"))
	if err != nil {
		return err
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	provider, err := mockoidc.NewServer(key)
	if err != nil {
		return err
	}
	provider.ClientID, provider.ClientSecret = os.Getenv("CLIENT_ID"), os.Getenv("CLIENT_SECRET")
	err = provider.AddMiddleware(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == mockoidc.AuthorizationEndpoint {
				provider.QueueUser(person(r))
			}
			next.ServeHTTP(w, r)
		})
	})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", os.Getenv("ADDRESS"))
	if err != nil {
		return err
	}
	config := &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	// The issuer's name is made of the address that the server believes to have.
	if err := provider.Start(tls.NewListener(listener, config), config); err != nil {
		return err
	}
	provider.Server.Addr = os.Getenv("ISSUER")
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM, os.Interrupt)
	<-ended
	return provider.Shutdown()
}

func person(r *http.Request) *mockoidc.MockUser {
	if found, known := people[r.Header.Get("X-Test-User")]; known {
		return found
	}
	return people[usual]
}
