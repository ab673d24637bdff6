// Package tokens signs what tells other services who a caller is (RFC 7519), with the key that the platform has made.
package tokens

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// publishedFor is how long others may keep the public keys: the next one is among them long before it signs.
const publishedFor = 5 * time.Minute

// Options is what an issuer needs to know.
type Options struct {
	// Issuer and Audience are what tokens say of themselves: who has signed them, and for whom.
	Issuer   string
	Audience string
	// Lifetime is how long a token is good; nobody can take it back before.
	Lifetime time.Duration
	// SigningKey is the private key, and KeySet the public ones that verify: its own, and those before and after it
	// (RFC 7517).
	SigningKey string
	KeySet     string
}

// Issuer signs tokens.
type Issuer struct {
	options   Options
	signer    jose.Signer
	published []byte
}

// New returns an issuer, or an error where the keys are not what they are for.
func New(options Options) (*Issuer, error) {
	var key jose.JSONWebKey
	if err := json.Unmarshal([]byte(options.SigningKey), &key); err != nil || key.IsPublic() || key.KeyID == "" {
		// Not with the error: it may quote the key.
		return nil, errors.New("the signing key is no private key with a kid, as JSON (RFC 7517)")
	}
	var public jose.JSONWebKeySet
	if err := json.Unmarshal([]byte(options.KeySet), &public); err != nil || len(public.Key(key.KeyID)) == 0 {
		return nil, fmt.Errorf("the public keys have none for the signing key %q", key.KeyID)
	}
	for _, one := range public.Keys {
		if !one.IsPublic() {
			return nil, fmt.Errorf("the public keys have a private one, %q", one.KeyID)
		}
	}
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.SignatureAlgorithm(key.Algorithm), Key: key},
		(&jose.SignerOptions{}).WithType("JWT"),
	)
	if err != nil {
		return nil, fmt.Errorf("the signing key %q cannot sign with %q: %w", key.KeyID, key.Algorithm, err)
	}
	published, err := json.Marshal(public)
	return &Issuer{options, signer, published}, err
}

// Lifetime is how long a token is good.
func (i *Issuer) Lifetime() time.Duration { return i.options.Lifetime }

// Token says that whoever has it is the subject.
func (i *Issuer) Token(subject string, now time.Time) (string, error) {
	return jwt.Signed(i.signer).Claims(jwt.Claims{
		Issuer:   i.options.Issuer,
		Subject:  subject,
		Audience: jwt.Audience{i.options.Audience},
		IssuedAt: jwt.NewNumericDate(now),
		Expiry:   jwt.NewNumericDate(now.Add(i.options.Lifetime)),
		ID:       rand.Text(),
	}).Serialize()
}

// ServeHTTP answers with the public keys.
func (i *Issuer) ServeHTTP(writer http.ResponseWriter, _ *http.Request) {
	writer.Header().Set("Content-Type", "application/jwk-set+json")
	writer.Header().Set("X-Content-Type-Options", "nosniff")
	writer.Header().Set("Cache-Control", fmt.Sprintf("max-age=%d", int(publishedFor.Seconds())))
	_, _ = writer.Write(i.published)
}
