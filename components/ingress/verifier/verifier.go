package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"net/http"
	"strings"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/time/rate"
)

const (
	// refreshTime is how long a key that its issuer has taken back is still taken.
	refreshTime = 10 * time.Minute
	// askTime is how often keys are asked for at most because a token names one that is not known.
	askTime = 10 * time.Second
	// answerTime is how long an issuer has to send its keys.
	answerTime = 3 * time.Second
	// leeway is how far clocks may differ.
	leeway = 30 * time.Second
)

// methods are those with a public key: with one that both sides know, whoever has the public key could sign.
var methods = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

// settings are what the tokens of a login must say.
type settings struct {
	Issuer   string
	Audience string
	// JwksURL is where the issuer's keys are; empty where Jwks has them.
	JwksURL string `json:"jwks_url"`
	Jwks    json.RawMessage
}

// verifier answers 204 with the subject of a good token, 401 without one, and 503 while it knows no key.
type verifier struct {
	keys   keyfunc.Keyfunc
	parser *jwt.Parser
}

func newVerifier(ctx context.Context, given settings) (*verifier, error) {
	keys, err := keysOf(ctx, given)
	if err != nil {
		return nil, err
	}
	return &verifier{keys, jwt.NewParser(
		jwt.WithValidMethods(methods),
		jwt.WithIssuer(given.Issuer),
		jwt.WithAudience(given.Audience),
		jwt.WithExpirationRequired(),
		jwt.WithLeeway(leeway),
	)}, nil
}

func keysOf(ctx context.Context, given settings) (keyfunc.Keyfunc, error) {
	if given.JwksURL == "" {
		return keyfunc.NewJWKSetJSON(given.Jwks)
	}
	return keyfunc.NewDefaultOverrideCtx(ctx, []string{given.JwksURL}, keyfunc.Override{
		HTTPTimeout:       answerTime,
		RefreshInterval:   refreshTime,
		RefreshUnknownKID: rate.NewLimiter(rate.Every(askTime), 1),
		// For its turn and the answer together; when its turn is later, a token is refused at once.
		RateLimitWaitMax: answerTime,
		RefreshErrorHandlerFunc: func(url string) func(context.Context, error) {
			return func(_ context.Context, err error) { log.Printf("the keys at %s are not to be had: %v", url, err) }
		},
	})
}

func (v *verifier) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	scheme, text, found := strings.Cut(r.Header.Get("Authorization"), " ")
	if !found || !strings.EqualFold(scheme, "Bearer") {
		refuse(w, `Bearer`)
		return
	}
	token, err := v.parser.Parse(strings.TrimSpace(text), v.keys.KeyfuncCtx(r.Context()))
	if err != nil {
		if v.knowsNoKey(r.Context()) {
			http.Error(w, "no key of the issuer is known", http.StatusServiceUnavailable)
			return
		}
		refuse(w, `Bearer error="invalid_token"`)
		return
	}
	subject, err := token.Claims.GetSubject()
	if err != nil || !isText(subject) {
		refuse(w, `Bearer error="invalid_token"`)
		return
	}
	w.Header().Set("X-Auth-Subject", subject)
	w.WriteHeader(http.StatusNoContent)
}

func (v *verifier) knowsNoKey(ctx context.Context) bool {
	keys, err := v.keys.VerificationKeySet(ctx)
	return errors.Is(err, keyfunc.ErrKeyfunc) || len(keys.Keys) == 0
}

func refuse(w http.ResponseWriter, challenge string) {
	w.Header().Set("WWW-Authenticate", challenge)
	w.WriteHeader(http.StatusUnauthorized)
}

// isText tells whether a subject can be a header's value, and is one.
func isText(subject string) bool {
	return subject != "" && strings.IndexFunc(subject, func(letter rune) bool { return letter < ' ' || letter > '~' }) < 0
}
