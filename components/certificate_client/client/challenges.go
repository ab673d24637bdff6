package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"

	"github.com/go-acme/lego/v5/challenge"
	"github.com/go-acme/lego/v5/challenge/dns01"
	"github.com/go-acme/lego/v5/challenge/http01"
	"github.com/go-acme/lego/v5/lego"
	"github.com/go-acme/lego/v5/providers/dns/cloudflare"
	"github.com/go-acme/lego/v5/providers/dns/digitalocean"
	"github.com/go-acme/lego/v5/providers/dns/gandiv5"
	"github.com/go-acme/lego/v5/providers/dns/hetzner"
	"github.com/go-acme/lego/v5/providers/dns/httpreq"
)

// solver tells lego how challenges are answered.
type solver func(client *lego.Client) error

// tokens answers http-01: each ingress asks for what the authority asks it.
type tokens struct {
	known sync.Map
}

func (t *tokens) Present(_ context.Context, _, token, answer string) error {
	t.known.Store(token, answer)
	return nil
}

func (t *tokens) CleanUp(_ context.Context, _, token, _ string) error {
	t.known.Delete(token)
	return nil
}

func (t *tokens) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, found := t.known.Load(r.PathValue("token"))
	if !found {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	_, _ = io.WriteString(w, answer.(string))
}

// providers of DNS, by the names of https://go-acme.github.io/lego/dns/. Those whose interface is plain HTTP: others
// would bring their maker's library. `httpreq` asks a program of the user's own.
var providers = map[string]func() (challenge.Provider, error){
	"cloudflare":   func() (challenge.Provider, error) { return cloudflare.NewDNSProvider() },
	"digitalocean": func() (challenge.Provider, error) { return digitalocean.NewDNSProvider() },
	"gandiv5":      func() (challenge.Provider, error) { return gandiv5.NewDNSProvider() },
	"hetzner":      func() (challenge.Provider, error) { return hetzner.NewDNSProvider() },
	"httpreq":      func() (challenge.Provider, error) { return httpreq.NewDNSProvider() },
}

// newSolver returns what answers the challenge of the settings; a provider that lacks something is told at once.
func newSolver(given configuration, answers *tokens) (solver, error) {
	if given.Challenge == string(challenge.HTTP01) {
		return func(client *lego.Client) error { return client.Challenge.SetHTTP01Provider(answers) }, nil
	}
	// lego's providers read their accounts there.
	for name, value := range given.Environment {
		if err := os.Setenv(name, value); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	made, found := providers[given.Provider]
	if !found {
		return nil, fmt.Errorf("%q is no DNS provider of this program", given.Provider)
	}
	provider, err := made()
	if err != nil {
		return nil, err
	}
	options := []dns01.ChallengeOption{}
	if len(given.Nameservers) > 0 {
		asked := dns01.NewOptions()
		asked.RecursiveNameservers = given.Nameservers
		dns01.SetDefaultClient(dns01.NewClient(asked))
		options = append(options, dns01.DisableAuthoritativeNssPropagationRequirement())
	}
	return func(client *lego.Client) error { return client.Challenge.SetDNS01Provider(provider, options...) }, nil
}

// challengePath is where an authority asks for the answer of http-01.
const challengePath = http01.PathPrefix
