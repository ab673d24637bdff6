package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// The test servers of Let's Encrypt, built once: an authority, and a DNS server that says what it is told.
var programs string

const asClient = "GOSTACK_TEST_CLIENT"

func TestMain(m *testing.M) {
	// The program itself, as another process that a test can kill.
	if os.Getenv(asClient) != "" {
		if err := do(nil); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(func() int {
		folder, err := os.MkdirTemp("", "pebble")
		if err != nil {
			panic(err)
		}
		defer func() { _ = os.RemoveAll(folder) }()
		const module = "github.com/letsencrypt/pebble/v2/cmd/"
		build := exec.Command("go", "build", "-o", folder, module+"pebble", module+"pebble-challtestsrv")
		if output, err := build.CombinedOutput(); err != nil {
			panic(string(output))
		}
		programs = folder
		return m.Run()
	}())
}

// pebble is an authority on this machine.
type pebble struct {
	t         *testing.T
	folder    string
	directory string
	dns       string
	dnsManage string
	process   *exec.Cmd
	roots     string
	slow      string
}

// newPebble starts one whose certificates live for so many seconds; it looks for answers of http-01 at a port.
func newPebble(t *testing.T, seconds int, httpPort string) *pebble {
	t.Helper()
	address, management := free(t), free(t)
	p := &pebble{
		t: t, folder: t.TempDir(), directory: "https://" + address + "/dir", dns: free(t), dnsManage: free(t), slow: "0",
	}
	certificate, key := selfSigned(t)
	p.write("certificate.pem", certificate)
	p.write("key.pem", key)
	p.roots = string(certificate)
	settings, _ := json.Marshal(map[string]any{"pebble": map[string]any{
		"listenAddress": address, "managementListenAddress": management,
		"certificate": filepath.Join(p.folder, "certificate.pem"), "privateKey": filepath.Join(p.folder, "key.pem"),
		"httpPort": port(httpPort), "tlsPort": port(free(t)), "keyAlgorithm": "ecdsa",
		"retryAfter": map[string]int{"authz": 1, "order": 1},
		"profiles":   map[string]any{"default": map[string]any{"description": "short", "validityPeriod": seconds}},
	}})
	p.write("settings.json", settings)
	p.run("pebble-challtestsrv", "-http01", "", "-https01", "", "-doh", "", "-tlsalpn01", "",
		"-dnsserver", p.dns, "-management", p.dnsManage, "-defaultIPv4", "127.0.0.1", "-defaultIPv6", "")
	p.start()
	return p
}

func (p *pebble) start() {
	p.process = p.run("pebble", "-config", filepath.Join(p.folder, "settings.json"), "-dnsserver", p.dns)
	insecure := &http.Client{Transport: &http.Transport{TLSClientConfig: trusting(p.t, p.roots)}}
	eventually(p.t, 20*time.Second, "the authority answers", func() bool {
		response, err := insecure.Get(p.directory)
		if err != nil {
			return false
		}
		_ = response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
}

func (p *pebble) stop() {
	_ = p.process.Process.Kill()
	_ = p.process.Wait()
}

func (p *pebble) run(program string, arguments ...string) *exec.Cmd {
	p.t.Helper()
	command := exec.Command(filepath.Join(programs, program), arguments...)
	command.Env = append(os.Environ(), "PEBBLE_VA_SLEEPTIME="+p.slow)
	if p.slow == "0" {
		command.Env = append(command.Env, "PEBBLE_VA_NOSLEEP=1")
	}
	if err := command.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	return command
}

// txt makes the DNS server say a text of a name.
func (p *pebble) txt(name, value string) error {
	body, _ := json.Marshal(map[string]string{"host": name, "value": value})
	response, err := http.Post("http://"+p.dnsManage+"/set-txt", "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	return response.Body.Close()
}

func (p *pebble) write(name string, text []byte) {
	p.t.Helper()
	if err := os.WriteFile(filepath.Join(p.folder, name), text, 0o600); err != nil {
		p.t.Fatal(err)
	}
}

func selfSigned(t *testing.T) (certificate, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "127.0.0.1"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	made, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: made}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})
}

func free(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

func port(address string) int {
	_, text, _ := net.SplitHostPort(address)
	var number int
	_, _ = fmt.Sscan(text, &number)
	return number
}

func eventually(t *testing.T, within time.Duration, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(within); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("not within %s: %s", within, what)
}
