package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// What a test waits for at most: the machine may be busy with others.
const patience = 2 * time.Minute

const quickly = 500 * time.Millisecond

// client is the program under test, as an ingress sees it.
type client struct {
	t     *testing.T
	given configuration
	roots string
}

func settings(t *testing.T, authority *pebble, listen string) configuration {
	t.Helper()
	certificate, key := selfSigned(t)
	return configuration{
		Directory: authority.directory, DirectoryCA: authority.roots, Email: "ops@shop.test", Challenge: "http-01",
		Names: []string{"shop.test", "www.shop.test"}, Regions: []string{"east", "west"},
		StateKey: bytes.Repeat([]byte{7}, 32), Token: "token",
		Certificate: string(certificate), PrivateKey: string(key),
		State: t.TempDir(), Listen: listen, ListenTLS: free(t),
	}
}

// start runs the program until the test or the returned function ends it.
func start(t *testing.T, given configuration) (*client, func()) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, given, quickly) }()
	once := false
	end := func() {
		if once {
			return
		}
		once = true
		stop()
		if err := <-ended; err != nil && !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	}
	t.Cleanup(end)
	made := &client{t, given, given.Certificate}
	eventually(t, patience, "the client listens", func() bool { return askHealth(given.Listen) == nil })
	return made, end
}

// fetch returns the status and the leaf that an ingress gets.
func (c *client) fetch(region, token string) (int, *x509.Certificate) {
	c.t.Helper()
	request, _ := http.NewRequest(http.MethodGet, "https://"+c.given.ListenTLS+"/certificate?region="+region, nil)
	request.Header.Set("Authorization", "Bearer "+token)
	web := &http.Client{Transport: &http.Transport{TLSClientConfig: trusting(c.t, c.roots), DisableKeepAlives: true}}
	response, err := web.Do(request)
	if err != nil {
		return 0, nil
	}
	defer func() { _ = response.Body.Close() }()
	text, _ := io.ReadAll(response.Body)
	if response.StatusCode != http.StatusOK {
		return response.StatusCode, nil
	}
	// As Nginx reads it: certificates and key of one text.
	found, err := tls.X509KeyPair(text, text)
	if err != nil {
		c.t.Fatal(err)
	}
	return response.StatusCode, found.Leaf
}

// certificate asks as both ingresses do, until there is one that holds.
func (c *client) certificate(what string, holds func(*x509.Certificate) bool) *x509.Certificate {
	c.t.Helper()
	var found *x509.Certificate
	eventually(c.t, patience, what, func() bool {
		_, _ = c.fetch("east", c.given.Token)
		_, found = c.fetch("west", c.given.Token)
		return found != nil && holds(found)
	})
	return found
}

func (c *client) metric(name string) string {
	response, err := http.Get("http://" + c.given.Listen + "/metrics")
	if err != nil {
		return ""
	}
	defer func() { _ = response.Body.Close() }()
	text, _ := io.ReadAll(response.Body)
	for line := range strings.Lines(string(text)) {
		if value, found := strings.CutPrefix(line, name+`{host="shop.test"} `); found {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func anyCertificate(*x509.Certificate) bool { return true }

func trusting(t *testing.T, roots string) *tls.Config {
	t.Helper()
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(roots)) {
		t.Fatal("no root")
	}
	return &tls.Config{RootCAs: pool}
}

func TestTheFirstOrderWaitsForEveryIngressAndItsCertificateIsForIngressesAlone(t *testing.T) {
	t.Parallel()
	listen := free(t)
	given := settings(t, newPebble(t, 3600, listen), listen)
	served, _ := start(t, given)
	if status, _ := served.fetch("east", "guessed"); status != http.StatusUnauthorized {
		t.Fatalf("a stranger gets %d", status)
	}
	time.Sleep(2 * time.Second)
	if status, _ := served.fetch("east", given.Token); status != http.StatusNotFound {
		t.Fatalf("%d before the ingress of west serves", status)
	}
	leaf := served.certificate("a certificate", anyCertificate)
	if !slices.Equal(slices.Sorted(slices.Values(leaf.DNSNames)), given.Names) {
		t.Fatalf("the certificate names %q", leaf.DNSNames)
	}
	if status, _ := served.fetch("east", "guessed"); status != http.StatusUnauthorized {
		t.Fatalf("a stranger gets %d", status)
	}
	if failing := served.metric("certificate_renewal_failing"); failing != "0" {
		t.Fatalf("failing is %q", failing)
	}
}

func TestWhatIsKeptIsEncryptedAndUsedAgain(t *testing.T) {
	t.Parallel()
	listen := free(t)
	given := settings(t, newPebble(t, 3600, listen), listen)
	served, end := start(t, given)
	first := served.certificate("a certificate", anyCertificate)
	end()
	file := filepath.Join(given.State, "state")
	information, err := os.Stat(file)
	if err != nil || information.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", information.Mode(), err)
	}
	text, _ := os.ReadFile(file)
	for _, plain := range []string{"PRIVATE", "shop.test", "accountURL"} {
		if bytes.Contains(text, []byte(plain)) {
			t.Fatalf("%q can be read in what is kept", plain)
		}
	}
	again, end := start(t, given)
	if _, leaf := again.fetch("", given.Token); leaf == nil || !leaf.Equal(first) {
		t.Fatal("the certificate is not there at once")
	}
	end()

	// Another key, by a rotation: everything is made anew.
	given.StateKey = bytes.Repeat([]byte{8}, 32)
	rotated, _ := start(t, given)
	rotated.certificate("a new certificate", func(leaf *x509.Certificate) bool { return !leaf.Equal(first) })
}

func TestACertificateOfSecondsIsRenewedBeforeItEnds(t *testing.T) {
	t.Parallel()
	listen := free(t)
	served, _ := start(t, settings(t, newPebble(t, 90, listen), listen))
	leaf := served.certificate("a certificate", anyCertificate)
	for range 2 {
		next := served.certificate("a renewal", func(found *x509.Certificate) bool { return !found.Equal(leaf) })
		if !next.NotBefore.Before(leaf.NotAfter) {
			t.Fatalf("the next one begins at %s, after the end of the one before at %s", next.NotBefore, leaf.NotAfter)
		}
		leaf = next
	}
	if failures := served.metric("certificate_renewal_failures_total"); failures != "0" {
		t.Fatalf("%s failures", failures)
	}
}

func TestWhileTheAuthorityIsAwayTheCertificateStaysAndAnAlertIsToldUntilItIsBack(t *testing.T) {
	t.Parallel()
	listen := free(t)
	authority := newPebble(t, 20, listen)
	served, _ := start(t, settings(t, authority, listen))
	leaf := served.certificate("a certificate", anyCertificate)
	authority.stop()
	eventually(t, patience, "the failure is told", func() bool { return served.metric("certificate_renewal_failing") == "1" })
	if served.metric("certificate_renewal_failures_total") == "0" {
		t.Fatal("no failure is counted")
	}
	_, last := served.fetch("east", served.given.Token)
	if last == nil {
		t.Fatal("what was there is gone")
	}
	// It comes back and has forgotten its accounts.
	authority.start()
	served.certificate("a renewal", func(found *x509.Certificate) bool { return !found.Equal(leaf) && !found.Equal(last) })
	eventually(t, patience, "all is well", func() bool { return served.metric("certificate_renewal_failing") == "0" })
}

func TestOtherNamesAreOrderedAtOnceAndTheOldCertificateServesMeanwhile(t *testing.T) {
	t.Parallel()
	listen := free(t)
	authority := newPebble(t, 3600, listen)
	given := settings(t, authority, listen)
	served, end := start(t, given)
	first := served.certificate("a certificate", anyCertificate)
	end()
	authority.stop()
	given.Names = append(given.Names, "api.shop.test")
	more, _ := start(t, given)
	if _, leaf := more.fetch("", given.Token); leaf == nil || !leaf.Equal(first) {
		t.Fatal("the certificate before is gone")
	}
	authority.start()
	leaf := more.certificate("one with the name", func(found *x509.Certificate) bool { return !found.Equal(first) })
	if !slices.Contains(leaf.DNSNames, "api.shop.test") {
		t.Fatalf("the certificate names %q", leaf.DNSNames)
	}
}

func TestAnOrderThatIsKilledIsMadeAfterTheRestart(t *testing.T) {
	t.Parallel()
	listen := free(t)
	authority := newPebble(t, 3600, listen)
	authority.stop()
	// Long enough to be killed while the authority looks for the answer.
	authority.slow = "5"
	authority.start()
	given := settings(t, authority, listen)
	file := filepath.Join(t.TempDir(), "acme.json")
	text, _ := json.Marshal(given)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	seen := &client{t, given, given.Certificate}
	process := exec.Command(os.Args[0])
	process.Env = append(os.Environ(), asClient+"=1", "CONFIGURATION="+file)
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = process.Process.Kill() })
	kept, err := openStore(given.State, given.StateKey)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, patience, "an order goes on", func() bool {
		_, _ = seen.fetch("east", given.Token)
		_, _ = seen.fetch("west", given.Token)
		found, err := kept.read()
		return err == nil && found.Attempts == 1
	})
	time.Sleep(2 * time.Second)
	_ = process.Process.Kill()
	_ = process.Wait()
	left, err := kept.read()
	if err != nil || len(left.Pair.Chain) > 0 || !left.Next.After(time.Now()) {
		t.Fatalf("what is left: %v, %d bytes, next attempt at %s", err, len(left.Pair.Chain), left.Next)
	}
	authority.slow = "0"
	authority.stop()
	authority.start()
	served, _ := start(t, given)
	served.certificate("a certificate", anyCertificate)
	if time.Now().Before(left.Next) {
		t.Fatal("who is killed again and again asks the authority each time")
	}
}

func TestDns01AsksAProgramOfTheUsersOwn(t *testing.T) {
	t.Parallel()
	authority := newPebble(t, 3600, free(t))
	own := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked struct{ FQDN, Value string }
		if user, password, _ := r.BasicAuth(); user != "stack" || password != "secret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if json.NewDecoder(r.Body).Decode(&asked) != nil || r.URL.Path == "/present" && authority.txt(asked.FQDN, asked.Value) != nil {
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	defer own.Close()
	given := settings(t, authority, free(t))
	given.Challenge, given.Provider, given.Nameservers = "dns-01", "httpreq", []string{authority.dns}
	given.Environment = map[string]string{
		"HTTPREQ_ENDPOINT": own.URL, "HTTPREQ_USERNAME": "stack", "HTTPREQ_PASSWORD": "secret", "HTTPREQ_POLLING_INTERVAL": "1",
	}
	served, _ := start(t, given)
	served.certificate("a certificate", anyCertificate)
}

func TestAProviderWithoutItsAccountIsToldAtTheStart(t *testing.T) {
	t.Parallel()
	given := configuration{Challenge: "dns-01", Provider: "hetzner"}
	if _, err := newSolver(given, &tokens{}); err == nil {
		t.Fatal("nothing is told")
	}
}

func TestAPairOfAnotherKeyOrOfOtherNamesIsNone(t *testing.T) {
	t.Parallel()
	chain, key := selfSigned(t)
	_, other := selfSigned(t)
	if leaf, err := (pair{Names: []string{"127.0.0.1"}, Chain: chain, Key: key}).leaf(); err != nil || leaf == nil {
		t.Fatal(err)
	}
	for _, wrong := range []pair{{Chain: chain, Key: other}, {Names: []string{"shop.test"}, Chain: chain, Key: key}} {
		if _, err := wrong.leaf(); err == nil {
			t.Fatalf("%q is taken", wrong.Names)
		}
	}
}
