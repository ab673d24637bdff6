package login

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
)

const (
	idSize     = 16
	secretSize = 32
)

// refreshToken names a session and has the secret by which it goes on, once.
type refreshToken struct {
	id     [idSize]byte
	secret [secretSize]byte
}

func newRefreshToken() refreshToken {
	var token refreshToken
	_, _ = rand.Read(token.id[:])
	return token.next()
}

// next is the token that follows in the same session.
func (t refreshToken) next() refreshToken {
	_, _ = rand.Read(t.secret[:])
	return t
}

func (t refreshToken) text() string {
	return base64.RawURLEncoding.EncodeToString(append(t.id[:], t.secret[:]...))
}

func parseRefreshToken(text string) (refreshToken, bool) {
	var token refreshToken
	bytes, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(bytes) != idSize+secretSize {
		return token, false
	}
	copy(token.id[:], bytes)
	copy(token.secret[:], bytes[idSize:])
	return token, true
}

// hash is what is kept of a token. The secret is random: nobody guesses it from a quick hash.
func (t refreshToken) hash() []byte {
	hash := sha256.Sum256(t.secret[:])
	return hash[:]
}

func (t refreshToken) is(hash []byte) bool { return subtle.ConstantTimeCompare(t.hash(), hash) == 1 }
