package main

import (
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/go-acme/lego/v5/acme"
	"github.com/go-acme/lego/v5/acme/api"
	"github.com/go-acme/lego/v5/certcrypto"
	"github.com/go-acme/lego/v5/certificate"
	"github.com/go-acme/lego/v5/lego"
	"github.com/go-acme/lego/v5/registration"
)

const accountUnknown = "urn:ietf:params:acme:error:accountDoesNotExist"

// authority is one that speaks ACME, by lego. It is asked for its directory anew each time: it may have been away.
type authority struct {
	given  configuration
	solver solver
	http   *http.Client
}

// user is the account as lego reads it.
type user struct {
	email        string
	key          crypto.Signer
	registration *acme.ExtendedAccount
}

func (u *user) GetEmail() string                       { return u.email }
func (u *user) GetRegistration() *acme.ExtendedAccount { return u.registration }
func (u *user) GetPrivateKey() crypto.Signer           { return u.key }

func newAuthority(given configuration, solver solver) (*authority, error) {
	roots, err := x509.SystemCertPool()
	if err != nil {
		return nil, err
	}
	if given.DirectoryCA != "" && !roots.AppendCertsFromPEM([]byte(given.DirectoryCA)) {
		return nil, errors.New("directory_ca holds no certificate")
	}
	return &authority{given, solver, &http.Client{
		Timeout: time.Minute,
		Transport: &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			TLSHandshakeTimeout: 20 * time.Second,
			// An order a quarter is no reason to keep a connection.
			DisableKeepAlives: true,
			TLSClientConfig:   &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		},
	}}, nil
}

// newAccount makes the key of an account that is to be registered; keep it before, so that an interruption makes no
// second account.
func newAccount(given configuration) (account, error) {
	key, err := certcrypto.GeneratePrivateKey(certcrypto.EC256)
	if err != nil {
		return account{}, err
	}
	return account{Directory: given.Directory, Email: given.Email, Key: certcrypto.PEMEncode(key)}, nil
}

// client returns lego's client, for an account that is registered where it was not.
func (a *authority) client(ctx context.Context, known *account) (*lego.Client, error) {
	key, err := certcrypto.ParsePEMPrivateKey(known.Key)
	if err != nil {
		return nil, err
	}
	owner := &user{email: known.Email, key: key, registration: known.Registration}
	configuration := lego.NewConfig(owner)
	configuration.CADirURL = known.Directory
	configuration.HTTPClient = a.http
	client, err := lego.NewClient(configuration)
	if err != nil {
		return nil, err
	}
	if owner.registration == nil {
		// An account that is there already is returned for its key.
		owner.registration, err = client.Registration.Register(ctx, registration.RegisterOptions{TermsOfServiceAgreed: true})
		if err != nil {
			return nil, fmt.Errorf("no account: %w", err)
		}
		known.Registration = owner.registration
	}
	return client, nil
}

// order returns a new pair. One that is there already is named as what it replaces (RFC 9773).
func (a *authority) order(ctx context.Context, known *account, old pair) (pair, error) {
	client, err := a.client(ctx, known)
	if err != nil {
		return pair{}, err
	}
	if err := a.solver(client); err != nil {
		return pair{}, err
	}
	request := certificate.ObtainRequest{
		Domains: a.given.Names, KeyType: certcrypto.EC256, Bundle: true, Profile: a.given.Profile,
	}
	// Only one that the authority knows: it takes no order in the place of another.
	if leaf, err := old.leaf(); err == nil && leaf != nil && old.Directory == a.given.Directory {
		if _, err := client.Certificate.GetRenewalInfo(ctx, leaf); err == nil {
			if request.ReplacesCertID, err = api.MakeARICertID(leaf); err != nil {
				return pair{}, err
			}
		}
	}
	made, err := client.Certificate.Obtain(ctx, request)
	if err != nil {
		if problem := new(acme.ProblemDetails); errors.As(err, &problem) && problem.Type == accountUnknown {
			// It was registered with an authority that has forgotten it: the next attempt does so again.
			known.Registration = nil
		}
		return pair{}, err
	}
	found := pair{a.given.Directory, a.given.Profile, a.given.Names, made.Certificate, made.PrivateKey}
	leaf, err := found.leaf()
	if err == nil && time.Now().After(leaf.NotAfter) {
		err = errors.New("it has expired")
	}
	if err != nil {
		return pair{}, fmt.Errorf("the certificate that was issued is none that can be served: %w", err)
	}
	return found, nil
}

// advice returns what the authority says of a certificate's renewal (RFC 9773); nil where it says nothing.
func (a *authority) advice(ctx context.Context, known account, leaf *x509.Certificate) (*certificate.RenewalInfo, error) {
	client, err := a.client(ctx, &known)
	if err != nil {
		return nil, err
	}
	found, err := client.Certificate.GetRenewalInfo(ctx, leaf)
	if errors.Is(err, api.ErrNoARI) {
		return nil, nil
	}
	return found, err
}
