package tokens

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

func newKey(t *testing.T, id string) jose.JSONWebKey {
	t.Helper()
	_, secret, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return jose.JSONWebKey{Key: secret, KeyID: id, Algorithm: string(jose.EdDSA)}
}

func text(t *testing.T, value any) string {
	t.Helper()
	written, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(written)
}

func public(keys ...jose.JSONWebKey) jose.JSONWebKeySet {
	var set jose.JSONWebKeySet
	for _, key := range keys {
		set.Keys = append(set.Keys, key.Public())
	}
	return set
}

func options(t *testing.T, key jose.JSONWebKey, set jose.JSONWebKeySet) Options {
	t.Helper()
	return Options{Issuer: "https://login.example.com", Audience: "shop", Lifetime: time.Minute, SigningKey: text(t, key), KeySet: text(t, set)}
}

func TestWhoeverHasThePublicKeysLearnsWhoACallerIs(t *testing.T) {
	secret, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for _, key := range []jose.JSONWebKey{newKey(t, "current"), {Key: secret, KeyID: "current", Algorithm: string(jose.RS256)}} {
		issuer, err := New(options(t, key, public(newKey(t, "before"), key, newKey(t, "next"))))
		if err != nil {
			t.Fatal(err)
		}
		published := httptest.NewRecorder()
		issuer.ServeHTTP(published, nil)
		var keys jose.JSONWebKeySet
		if err := json.Unmarshal(published.Body.Bytes(), &keys); err != nil || len(keys.Keys) != 3 {
			t.Fatalf("%v: %s", err, published.Body)
		}
		signed, err := issuer.Token("7", now)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := jwt.ParseSigned(signed, []jose.SignatureAlgorithm{jose.EdDSA, jose.RS256})
		if err != nil || parsed.Headers[0].KeyID != "current" {
			t.Fatalf("%v: %+v", err, parsed)
		}
		var claims jwt.Claims
		if err := parsed.Claims(keys, &claims); err != nil {
			t.Fatal(err)
		}
		expected := jwt.Expected{Issuer: "https://login.example.com", AnyAudience: jwt.Audience{"shop"}, Subject: "7", Time: now.Add(59 * time.Second)}
		if err := claims.ValidateWithLeeway(expected, 0); err != nil {
			t.Error(err)
		}
		expected.Time = now.Add(61 * time.Second)
		if err := claims.ValidateWithLeeway(expected, 0); err == nil {
			t.Error("it is good for longer than its lifetime")
		}
	}
}

func TestKeysThatWouldNotDoAreRefusedAndNotTold(t *testing.T) {
	key, other := newKey(t, "current"), newKey(t, "other")
	weak := key
	weak.Algorithm = "none"
	for name, given := range map[string]Options{
		"no key":               {SigningKey: `{"d": "hush"`},
		"a public key":         options(t, key.Public(), public(key)),
		"a key without a name": options(t, jose.JSONWebKey{Key: key.Key, Algorithm: key.Algorithm}, public(key)),
		"another's public key": options(t, key, public(other)),
		"a published secret":   options(t, key, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key.Public(), other}}),
		"no signature":         options(t, weak, public(key)),
	} {
		_, err := New(given)
		if err == nil {
			t.Errorf("%s is taken", name)
			continue
		}
		var secret struct{ D string }
		_ = json.Unmarshal([]byte(given.SigningKey), &secret)
		if strings.Contains(err.Error(), "hush") || secret.D != "" && strings.Contains(err.Error(), secret.D) {
			t.Errorf("%s: the error has the key: %v", name, err)
		}
	}
}
