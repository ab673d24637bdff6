package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// newSigned signs as an update does: certificates of this life, the first from begin on, each from the time at which the
// one before is due. It returns the authority's certificate, too.
func newSigned(t *testing.T, names []string, count int, begin time.Time, life time.Duration) (string, []signed) {
	t.Helper()
	key := newKey(t)
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "the stack's own authority"},
		NotBefore: begin.Add(-time.Hour), NotAfter: begin.Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign,
	}
	made := []signed{}
	for number := range count {
		start := begin.Add(time.Duration(number) * life * 7 / 10)
		leaf := &x509.Certificate{
			SerialNumber: big.NewInt(int64(number + 2)), Subject: pkix.Name{CommonName: names[0]}, DNSNames: names,
			NotBefore: start, NotAfter: start.Add(life), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		}
		own := newKey(t)
		encoded, err := x509.MarshalPKCS8PrivateKey(own)
		if err != nil {
			t.Fatal(err)
		}
		made = append(made, signed{
			sign(t, leaf, root, own, key), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})),
		})
	}
	return sign(t, root, root, key, key), made
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func sign(t *testing.T, certificate, by *x509.Certificate, key, byKey *ecdsa.PrivateKey) string {
	t.Helper()
	made, err := x509.CreateCertificate(rand.Reader, certificate, by, &key.PublicKey, byKey)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: made}))
}

// ofSeries is what the stack tells a client that orders nothing.
func ofSeries(t *testing.T, count int, begin time.Time, life time.Duration) (configuration, *x509.CertPool) {
	t.Helper()
	certificate, key := selfSigned(t)
	names := []string{"shop.test", "*.shop.test"}
	root, made := newSigned(t, names, count, begin, life)
	return configuration{
		Series: made, Names: names, Regions: []string{"east", "west"}, Token: "token",
		Certificate: string(certificate), PrivateKey: string(key), Listen: free(t), ListenTLS: free(t),
	}, trusting(t, root).RootCAs
}

func number(leaf *x509.Certificate) int64 { return leaf.SerialNumber.Int64() - 1 }

func TestACertificateOfTheStacksOwnAuthorityIsFollowedByTheNextBeforeItEnds(t *testing.T) {
	t.Parallel()
	given, roots := ofSeries(t, 3, time.Now(), 40*time.Second)
	served, _ := start(t, given)
	for wanted := range int64(3) {
		leaf := served.certificate("the next certificate", func(found *x509.Certificate) bool { return number(found) == wanted+1 })
		if left := time.Until(leaf.NotAfter); left < 0 || time.Now().Before(leaf.NotBefore) {
			t.Fatalf("number %d is handed out with %s left", wanted+1, left)
		}
		for _, host := range []string{"shop.test", "www.shop.test"} {
			if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: host}); err != nil {
				t.Fatal(err)
			}
		}
		failing := map[bool]string{true: "1", false: "0"}[wanted == 2]
		if told := served.metric("certificate_renewal_failing"); told != failing {
			t.Fatalf("with number %d of 3 failing is %s", wanted+1, told)
		}
	}
	if status, _ := served.fetch("east", "guessed"); status != http.StatusUnauthorized {
		t.Fatalf("a stranger gets %d", status)
	}
}

func TestWhichOfASeriesItIsFollowsFromTheClockAlone(t *testing.T) {
	t.Parallel()
	// The second of them is in its time.
	given, _ := ofSeries(t, 4, time.Now().Add(-10*time.Minute), 12*time.Minute)
	for range 2 {
		served, end := start(t, given)
		if _, leaf := served.fetch("", given.Token); leaf == nil || number(leaf) != 2 {
			t.Fatal("it is not the second one, at once")
		}
		end()
	}
	// A series that was used up while the machine was off: the last is the best there is.
	given, _ = ofSeries(t, 2, time.Now().Add(-time.Hour), time.Minute)
	served, _ := start(t, given)
	if _, leaf := served.fetch("", given.Token); leaf == nil || number(leaf) != 2 {
		t.Fatal("it is not the last one")
	}
	if told := served.metric("certificate_renewal_failing"); told != "1" {
		t.Fatalf("failing is %q", told)
	}
}

func TestTheNextOfASeriesIsDueWithThreeTenthsOfTheLifeLeft(t *testing.T) {
	t.Parallel()
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	given, _ := ofSeries(t, 3, begin, 60*24*time.Hour)
	made, err := newSeries(given, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	found := []int{}
	for _, days := range []int{-1, 0, 41, 42, 83, 84, 1000} {
		found = append(found, made.at(begin.AddDate(0, 0, days)))
	}
	if !slices.Equal(found, []int{0, 0, 0, 1, 1, 2, 2}) {
		t.Fatalf("at these times it is number %v", found)
	}
}

func TestASeriesThatCannotBeServedIsRefusedAtTheStart(t *testing.T) {
	t.Parallel()
	whole, _ := ofSeries(t, 2, time.Now(), time.Minute)
	for what, spoil := range map[string]func(*configuration){
		"another key":  func(c *configuration) { c.Series[1].PrivateKey = c.Series[0].PrivateKey },
		"another name": func(c *configuration) { c.Names = []string{"bank.test"} },
		"nothing":      func(c *configuration) { c.Series[1] = signed{} },
	} {
		given := whole
		given.Series = slices.Clone(whole.Series)
		spoil(&given)
		_, err := newSeries(given, nil, nil)
		if err == nil {
			t.Errorf("%s is taken", what)
		} else if strings.Contains(err.Error(), "PRIVATE KEY") {
			t.Errorf("the error shows a key: %s", err)
		}
	}
}
