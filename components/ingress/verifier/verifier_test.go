package main

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"
)

const issuer, audience = "https://login.example.com", "shop"

// key is one of an issuer's, with its name.
type key struct {
	id     string
	method jwt.SigningMethod
	secret crypto.Signer
}

func newKey(t *testing.T, id string) key {
	t.Helper()
	_, secret, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	return key{id, jwt.SigningMethodEdDSA, secret}
}

// published is the key set that has these keys.
func published(t *testing.T, keys ...key) json.RawMessage {
	t.Helper()
	store := jwkset.NewMemoryStorage()
	for _, one := range keys {
		made, err := jwkset.NewJWKFromKey(one.secret.Public(), jwkset.JWKOptions{Metadata: jwkset.JWKMetadataOptions{KID: one.id}})
		must(t, err)
		must(t, store.KeyWrite(t.Context(), made))
	}
	text, err := store.JSONPublic(t.Context())
	must(t, err)
	return text
}

// token is signed by a key; a change of nil leaves a claim out.
func token(t *testing.T, by key, changes jwt.MapClaims) string {
	t.Helper()
	claims := jwt.MapClaims{"iss": issuer, "aud": audience, "sub": "ada", "exp": time.Now().Add(time.Minute).Unix()}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
	made := jwt.NewWithClaims(by.method, claims)
	made.Header["kid"] = by.id
	text, err := made.SignedString(by.secret)
	must(t, err)
	return text
}

func asked(v http.Handler, authorization string) *httptest.ResponseRecorder {
	request, answer := httptest.NewRequest(http.MethodGet, "/api", nil), httptest.NewRecorder()
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	v.ServeHTTP(answer, request)
	return answer
}

func made(t *testing.T, given settings) *verifier {
	t.Helper()
	given.Issuer, given.Audience = issuer, audience
	v, err := newVerifier(t.Context(), given)
	must(t, err)
	return v
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestAGoodTokenTellsWhoAsks(t *testing.T) {
	secret, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	for _, by := range []key{newKey(t, "one"), {"two", jwt.SigningMethodRS256, secret}} {
		v := made(t, settings{Jwks: published(t, by)})
		for _, changes := range []jwt.MapClaims{{}, {"aud": []string{"else", audience}}} {
			answer := asked(v, "Bearer "+token(t, by, changes))
			if answer.Code != http.StatusNoContent || answer.Header().Get("X-Auth-Subject") != "ada" {
				t.Errorf("%s: %d %v", by.id, answer.Code, answer.Header())
			}
		}
	}
}

func TestATokenThatIsNotGoodIsRefused(t *testing.T) {
	one, stranger := newKey(t, "one"), newKey(t, "one")
	v := made(t, settings{Jwks: published(t, one)})
	public := one.secret.Public().(ed25519.PublicKey)
	shared := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"iss": issuer, "aud": audience, "sub": "root", "exp": time.Now().Add(time.Minute).Unix(),
	})
	shared.Header["kid"] = one.id
	sharedText, err := shared.SignedString([]byte(public))
	must(t, err)
	unsigned := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","kid":"one"}`)) + "." +
		base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"`+issuer+`","aud":"shop","sub":"root","exp":9999999999}`)) + "."
	for name, text := range map[string]string{
		"expired":             token(t, one, jwt.MapClaims{"exp": time.Now().Add(-time.Minute).Unix()}),
		"not yet":             token(t, one, jwt.MapClaims{"nbf": time.Now().Add(time.Minute).Unix()}),
		"never expires":       token(t, one, jwt.MapClaims{"exp": nil}),
		"another issuer":      token(t, one, jwt.MapClaims{"iss": "https://evil.example.com"}),
		"no issuer":           token(t, one, jwt.MapClaims{"iss": nil}),
		"another audience":    token(t, one, jwt.MapClaims{"aud": "bank"}),
		"no audience":         token(t, one, jwt.MapClaims{"aud": nil}),
		"nobody":              token(t, one, jwt.MapClaims{"sub": nil}),
		"more than a subject": token(t, one, jwt.MapClaims{"sub": "ada\r\nX-Role: root"}),
		"another's key":       token(t, stranger, nil),
		"an unknown key":      token(t, newKey(t, "two"), nil),
		"the public key":      sharedText,
		"no signature":        unsigned,
		"no token":            "x",
	} {
		answer := asked(v, "Bearer "+text)
		if answer.Code != http.StatusUnauthorized || answer.Header().Get("X-Auth-Subject") != "" {
			t.Errorf("%s: %d %v", name, answer.Code, answer.Header())
		}
		if got := answer.Header().Get("WWW-Authenticate"); got != `Bearer error="invalid_token"` {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestWhoHasNoTokenIsAskedForOne(t *testing.T) {
	v := made(t, settings{Jwks: published(t, newKey(t, "one"))})
	for _, authorization := range []string{"", "Basic YTpi", "Bearer"} {
		if answer := asked(v, authorization); answer.Code != http.StatusUnauthorized || answer.Header().Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("%q: %d %v", authorization, answer.Code, answer.Header())
		}
	}
}

// issuerServer publishes keys that can be changed, and counts how often they are asked for.
func issuerServer(t *testing.T, keys json.RawMessage) (*atomic.Value, *atomic.Int32, *httptest.Server) {
	t.Helper()
	var now atomic.Value
	var count atomic.Int32
	now.Store(keys)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		count.Add(1)
		// As over a network.
		time.Sleep(20 * time.Millisecond)
		_, _ = w.Write(now.Load().(json.RawMessage))
	}))
	t.Cleanup(server.Close)
	return &now, &count, server
}

func TestARotatedKeyIsFetchedWhenATokenNamesIt(t *testing.T) {
	first, second := newKey(t, "one"), newKey(t, "two")
	keys, _, server := issuerServer(t, published(t, first))
	v := made(t, settings{JwksURL: server.URL})
	keys.Store(published(t, first, second))
	for _, by := range []key{second, first} {
		if answer := asked(v, "Bearer "+token(t, by, nil)); answer.Code != http.StatusNoContent {
			t.Errorf("%s: %d", by.id, answer.Code)
		}
	}
}

func TestTokensOfStrangersDoNotMakeTheIssuerBusy(t *testing.T) {
	_, count, server := issuerServer(t, published(t, newKey(t, "one")))
	v := made(t, settings{JwksURL: server.URL})
	begun := time.Now()
	for range 20 {
		if answer := asked(v, "Bearer "+token(t, newKey(t, "unknown"), nil)); answer.Code != http.StatusUnauthorized {
			t.Errorf("%d", answer.Code)
		}
	}
	if got := count.Load(); got > 2+int32(time.Since(begun)/askTime) {
		t.Errorf("asked %d times", got)
	}
}

func TestWithoutAKeyNobodyIsLetIn(t *testing.T) {
	one := newKey(t, "one")
	_, _, server := issuerServer(t, published(t, one))
	server.Close()
	v := made(t, settings{JwksURL: server.URL})
	if answer := asked(v, "Bearer "+token(t, one, nil)); answer.Code != http.StatusServiceUnavailable {
		t.Errorf("%d", answer.Code)
	}
}

func TestKeysOfNoKindAreNoKeys(t *testing.T) {
	if _, err := newVerifier(t.Context(), settings{Jwks: json.RawMessage(`{"keys":`)}); err == nil {
		t.Error("it is taken")
	}
	if slices.Contains(methods, "HS256") {
		t.Error("a shared key is taken")
	}
}

func TestItWaitsForTheOneBefore(t *testing.T) {
	before, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	address := before.Addr().String()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	logins, err := json.Marshal(map[string]settings{"api": {Issuer: issuer, Audience: audience, Jwks: published(t, newKey(t, "one"))}})
	must(t, err)
	go func() { ended <- run(ctx, address, string(logins)) }()
	time.Sleep(50 * time.Millisecond)
	must(t, before.Close())
	var status int
	for range 100 {
		answer, err := http.Get("http://" + address + "/api")
		if err == nil {
			status = answer.StatusCode
			_ = answer.Body.Close()
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if status != http.StatusUnauthorized {
		t.Errorf("%d", status)
	}
	cancel()
	must(t, <-ended)
}

func TestTheOneOfTheNextUpdateAnswersBesideItAndAfterIt(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	address := free.Addr().String()
	must(t, free.Close())
	logins, err := json.Marshal(map[string]settings{"api": {Issuer: issuer, Audience: audience, Jwks: published(t, newKey(t, "one"))}})
	must(t, err)
	ended := make(chan error, 2)
	first, end := context.WithCancel(t.Context())
	defer end()
	next, stop := context.WithCancel(t.Context())
	defer stop()
	for _, ctx := range []context.Context{first, next} {
		go func() { ended <- run(ctx, address, string(logins)) }()
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	refused := 0
	for number := range 200 {
		if number == 100 {
			end()
			must(t, <-ended)
			refused = 0
		}
		answer, err := client.Get("http://" + address + "/api")
		if err != nil {
			refused++
			time.Sleep(10 * time.Millisecond)
			continue
		}
		_ = answer.Body.Close()
	}
	if refused > 0 {
		t.Errorf("%d requests were refused after the first had ended", refused)
	}
	stop()
	must(t, <-ended)
}
