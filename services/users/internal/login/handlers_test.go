package login

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/DATA-DOG/go-sqlmock"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"gostack.dev/users/internal/configuration"
	"gostack.dev/users/internal/database"
	"gostack.dev/users/internal/httpserver"
	"gostack.dev/users/internal/observability"
	"gostack.dev/users/internal/passwords"
	"gostack.dev/users/internal/tokens"
	"gostack.dev/users/internal/users"
)

const (
	selectAccount = "SELECT users.id, passwords.hash FROM users JOIN passwords ON passwords.user_id = users.id WHERE users.email = ?"
	insertSession = "INSERT INTO sessions (id, user_id, token_hash, expires_at) VALUES (?, ?, ?, ?) ON DUPLICATE KEY UPDATE token_hash = token_hash"
	selectSession = "SELECT user_id, token_hash FROM sessions WHERE id = ? AND expires_at > ? FOR UPDATE"
	updateSession = "UPDATE sessions SET token_hash = ? WHERE id = ?"
	password      = "correct horse battery"
)

var instant = time.Date(2030, 1, 2, 3, 4, 5, 6000, time.UTC)

// bench is a server with logins over a database that says what a test expects of it.
type bench struct {
	t         *testing.T
	primary   sqlmock.Sqlmock
	handlers  *Handlers
	server    http.Handler
	keys      jose.JSONWebKeySet
	passwords *passwords.Hasher
	events    []string
	log       bytes.Buffer
}

func newBench(t *testing.T, changes func(*Options)) *bench {
	t.Helper()
	pool, mock, err := sqlmock.New(sqlmock.QueryMatcherOption(sqlmock.QueryMatcherEqual))
	must(t, err)
	t.Cleanup(func() {
		must(t, mock.ExpectationsWereMet())
		_ = pool.Close()
	})
	_, secret, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	key := jose.JSONWebKey{Key: secret, KeyID: "one", Algorithm: string(jose.EdDSA)}
	b := &bench{t: t, primary: mock, keys: jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key.Public()}}}
	signing, err := json.Marshal(key)
	must(t, err)
	published, err := json.Marshal(b.keys)
	must(t, err)
	issuer, err := tokens.New(tokens.Options{
		Issuer: "https://login.example.com", Audience: "shop", Lifetime: time.Minute, SigningKey: string(signing), KeySet: string(published),
	})
	must(t, err)
	b.passwords, err = passwords.NewHasher()
	must(t, err)
	logger := slog.New(slog.NewTextHandler(&b.log, nil))
	options := Options{
		Primary:   users.NewMySQLRepository(database.Pools{Primary: pool, Replica: pool}, users.RepositoryOptions{}),
		Passwords: b.passwords, Tokens: issuer, SessionLifetime: time.Hour, AccountLimit: 5, AddressLimit: 30,
		Observe: func(event string) { b.events = append(b.events, event) }, Logger: logger,
	}
	if changes != nil {
		changes(&options)
	}
	b.handlers, err = New(options)
	must(t, err)
	b.handlers.sessions.now = func() time.Time { return instant }
	router := httpserver.NewRouter(logger)
	b.handlers.Register(router)
	b.server = httpserver.New(httpserver.Options{
		Router: router, Health: httpserver.NewHealth(httpserver.Without{}), Metrics: observability.NewMetrics(configuration.Identity{}), Logger: logger,
		Allow: func() bool { return true }, Feature: func(string) bool { return false },
		RequestTimeout: time.Minute, MaximumBodyBytes: 2000,
	}).Handler()
	return b
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// answer is what a client gets.
type answer struct {
	status int
	header http.Header
	body   string
	pair   pair
}

func (b *bench) post(path string, fields map[string]string, address string) answer {
	b.t.Helper()
	body, err := json.Marshal(fields)
	must(b.t, err)
	request := httptest.NewRequest(http.MethodPost, path, bytes.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Real-IP", address)
	recorded := httptest.NewRecorder()
	b.server.ServeHTTP(recorded, request)
	var unified struct{ Data pair }
	_ = json.Unmarshal(recorded.Body.Bytes(), &unified)
	return answer{recorded.Code, recorded.Header(), recorded.Body.String(), unified.Data}
}

func (b *bench) login(email, password string) answer {
	b.t.Helper()
	return b.post("/login", map[string]string{"email": email, "password": password}, "192.0.2.1")
}

func (b *bench) present(path string, token refreshToken) answer {
	b.t.Helper()
	return b.post(path, map[string]string{"refresh_token": token.text()}, "192.0.2.1")
}

func (b *bench) hash() string {
	b.t.Helper()
	hash, err := b.passwords.Hash(b.t.Context(), password)
	must(b.t, err)
	return hash
}

// expectAccount lets the database say whose an address is; with an empty hash it is nobody's.
func (b *bench) expectAccount(email string, id uint64, hash string) {
	rows := sqlmock.NewRows([]string{"id", "hash"})
	if hash != "" {
		rows.AddRow(id, hash)
	}
	b.primary.ExpectQuery(selectAccount).WithArgs(email).WillReturnRows(rows)
}

// captured takes any argument, and keeps it.
type captured struct{ bytes []byte }

func (c *captured) Match(value driver.Value) bool {
	bytes, fits := value.([]byte)
	c.bytes = slices.Clone(bytes)
	return fits
}

func (b *bench) expectSession(user uint64) (id, hash *captured) {
	id, hash = &captured{}, &captured{}
	b.primary.ExpectBegin()
	b.primary.ExpectExec(insertSession).WithArgs(id, user, hash, instant.Add(time.Hour)).WillReturnResult(sqlmock.NewResult(0, 1))
	b.primary.ExpectCommit()
	return id, hash
}

// expectFound lets the database say whose a session is and which token is good; without a hash there is none.
func (b *bench) expectFound(token refreshToken, user uint64, hash []byte) {
	b.primary.ExpectBegin()
	rows := sqlmock.NewRows([]string{"user_id", "token_hash"})
	if hash != nil {
		rows.AddRow(user, hash)
	}
	b.primary.ExpectQuery(selectSession).WithArgs(token.id[:], instant).WillReturnRows(rows)
}

// subject verifies an access token as any other service does, by the public keys alone.
func (b *bench) subject(text string) string {
	b.t.Helper()
	request, recorded := httptest.NewRequest(http.MethodGet, "/.well-known/jwks.json", nil), httptest.NewRecorder()
	b.server.ServeHTTP(recorded, request)
	var keys jose.JSONWebKeySet
	must(b.t, json.Unmarshal(recorded.Body.Bytes(), &keys))
	token, err := jwt.ParseSigned(text, []jose.SignatureAlgorithm{jose.EdDSA})
	must(b.t, err)
	var claims jwt.Claims
	must(b.t, token.Claims(keys, &claims))
	must(b.t, claims.Validate(jwt.Expected{Issuer: "https://login.example.com", AnyAudience: jwt.Audience{"shop"}}))
	return claims.Subject
}

func TestAPasswordGetsAnAccessTokenAndASession(t *testing.T) {
	b := newBench(t, nil)
	b.expectAccount("ada@example.com", 7, b.hash())
	id, hash := b.expectSession(7)
	got := b.login(" ada@example.com ", password)
	if got.status != http.StatusOK || got.pair.TokenType != "Bearer" || got.pair.ExpiresIn != 60 || got.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%+v", got)
	}
	if subject := b.subject(got.pair.AccessToken); subject != "7" {
		t.Errorf("subject %q", subject)
	}
	given, good := parseRefreshToken(got.pair.RefreshToken)
	if !good || !bytes.Equal(given.id[:], id.bytes) || !given.is(hash.bytes) {
		t.Errorf("%q is not that of the session", got.pair.RefreshToken)
	}
	if bytes.Contains(hash.bytes, given.secret[:]) {
		t.Error("the secret itself is kept")
	}
	for _, secret := range []string{password, got.pair.RefreshToken, got.pair.AccessToken} {
		if strings.Contains(b.log.String(), secret) {
			t.Errorf("%q is in the log", secret)
		}
	}
}

func TestAnAnswerDoesNotTellWhoIsKnown(t *testing.T) {
	b := newBench(t, nil)
	b.expectAccount("ada@example.com", 7, b.hash())
	b.expectAccount("nobody@example.com", 0, "")
	wrong, unknown := b.login("ada@example.com", "wrong horse battery"), b.login("nobody@example.com", password)
	if wrong.status != http.StatusUnauthorized || wrong.header.Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("%+v", wrong)
	}
	if unknown.status != wrong.status || unknown.body != wrong.body {
		t.Errorf("%+v instead of %+v", unknown, wrong)
	}
}

func TestAnAccountIsTriedSoOftenHoweverItIsWritten(t *testing.T) {
	for name, id := range map[string]uint64{"a user": 7, "nobody": 0} {
		b := newBench(t, func(options *Options) { options.AccountLimit = 2 })
		hash := ""
		if id != 0 {
			hash = b.hash()
		}
		for _, email := range []string{"ada@example.com", "ADA@example.com", "Ada@Example.com"} {
			b.expectAccount(email, id, hash)
		}
		b.expectAccount("eve@example.com", 8, b.hash())
		b.expectSession(8)
		_, _ = b.login("ada@example.com", "wrong"), b.login("ADA@example.com", "wrong")
		got := b.login("Ada@Example.com", password)
		if got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") != "31" {
			t.Errorf("%s: %+v", name, got)
		}
		if other := b.login("eve@example.com", password); other.status != http.StatusOK {
			t.Errorf("%s: another account: %+v", name, other)
		}
	}
}

func TestAnAddressTriesSoOftenWhateverTheAccount(t *testing.T) {
	b := newBench(t, func(options *Options) { options.AddressLimit = 1 })
	try := func(address string) int {
		return b.post("/login", map[string]string{"email": "nobody@example.com", "password": "x"}, address).status
	}
	b.expectAccount("nobody@example.com", 0, "")
	b.expectAccount("nobody@example.com", 0, "")
	b.expectAccount("nobody@example.com", 0, "")
	got := []int{try("192.0.2.1"), try("192.0.2.1"), try("2001:db8::1"), try("2001:db8::ffff:2"), try("2001:db8:0:1::1")}
	if !slices.Equal(got, []int{401, 429, 401, 429, 401}) {
		t.Errorf("%v", got)
	}
	if !slices.Equal(b.events, []string{"refused", "limited", "refused", "limited", "refused"}) {
		t.Errorf("%v", b.events)
	}
}

func TestARefreshTokenLeadsToTheNextPair(t *testing.T) {
	b := newBench(t, nil)
	token, kept := newRefreshToken(), &captured{}
	b.expectFound(token, 7, token.hash())
	b.primary.ExpectExec(updateSession).WithArgs(kept, token.id[:]).WillReturnResult(sqlmock.NewResult(0, 1))
	b.primary.ExpectCommit()
	got := b.present("/token/refresh", token)
	next, good := parseRefreshToken(got.pair.RefreshToken)
	if got.status != http.StatusOK || !good || next.id != token.id || next == token || !next.is(kept.bytes) {
		t.Errorf("%+v", got)
	}
	if subject := b.subject(got.pair.AccessToken); subject != "7" {
		t.Errorf("subject %q", subject)
	}
}

func TestARefreshTokenThatIsUsedTwiceEndsItsSession(t *testing.T) {
	b := newBench(t, nil)
	token := newRefreshToken()
	b.expectFound(token, 7, token.next().hash())
	b.primary.ExpectExec(deleteSession).WithArgs(token.id[:]).WillReturnResult(sqlmock.NewResult(0, 1))
	b.primary.ExpectCommit()
	got := b.present("/token/refresh", token)
	if got.status != http.StatusUnauthorized || got.pair != (pair{}) || !slices.Equal(b.events, []string{"reused"}) {
		t.Errorf("%+v, %v", got, b.events)
	}
	if !strings.Contains(b.log.String(), "a refresh token was used twice") || strings.Contains(b.log.String(), token.text()) {
		t.Errorf("log: %s", b.log.String())
	}
}

func TestASessionThatIsOverIsNotRenewed(t *testing.T) {
	b := newBench(t, nil)
	token := newRefreshToken()
	b.expectFound(token, 0, nil)
	b.primary.ExpectRollback()
	if got := b.present("/token/refresh", token); got.status != http.StatusUnauthorized || !slices.Equal(b.events, []string{"expired"}) {
		t.Errorf("%+v, %v", got, b.events)
	}
}

func TestARenewalThatWasCommittedWithoutAWordIsNotTakenForASecondUse(t *testing.T) {
	b := newBench(t, nil)
	token := newRefreshToken()
	next := token.next()
	// What a second run finds after one whose commit had arrived.
	b.expectFound(token, 7, next.hash())
	b.primary.ExpectCommit()
	if user, err := b.handlers.sessions.renew(t.Context(), token, next); err != nil || user != 7 {
		t.Errorf("%d, %v", user, err)
	}
}

func TestALogoutEndsTheSession(t *testing.T) {
	b := newBench(t, nil)
	token := newRefreshToken()
	b.primary.ExpectBegin()
	b.primary.ExpectExec(deleteSession).WithArgs(token.id[:]).WillReturnResult(sqlmock.NewResult(0, 1))
	b.primary.ExpectCommit()
	if got := b.present("/logout", token); got.status != http.StatusOK || !slices.Equal(b.events, []string{"logged_out"}) {
		t.Errorf("%+v, %v", got, b.events)
	}
}

func TestBadFieldsAreNamedBeforeAnybodyIsAsked(t *testing.T) {
	b := newBench(t, nil)
	for _, test := range []struct {
		path   string
		fields map[string]string
		named  []string
	}{
		{"/login", map[string]string{"email": "a"}, []string{"password"}},
		{"/login", map[string]string{"email": "a", "password": "b", "role": "root"}, []string{"role"}},
		{"/token/refresh", map[string]string{"refresh_token": "x"}, []string{"refresh_token"}},
		{"/logout", map[string]string{}, []string{"refresh_token"}},
	} {
		got := b.post(test.path, test.fields, "192.0.2.1")
		var unified struct {
			Data struct{ Fields map[string]string }
		}
		must(t, json.Unmarshal([]byte(got.body), &unified))
		if got.status != http.StatusUnprocessableEntity || !slices.Equal(slices.Sorted(maps.Keys(unified.Data.Fields)), test.named) {
			t.Errorf("%s %v: %s", test.path, test.fields, got.body)
		}
	}
}

func TestADatabaseThatIsAwayIsNoWrongPassword(t *testing.T) {
	b := newBench(t, nil)
	for range 3 {
		b.primary.ExpectQuery(selectAccount).WillReturnError(&net.OpError{Op: "dial", Err: sql.ErrConnDone})
	}
	if got := b.login("ada@example.com", password); got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" {
		t.Errorf("%+v", got)
	}
}
