// Package login lets users in: a password for a short access token and a refresh token, which is good once and leads to
// the next pair. All refresh tokens of a session end together.
package login

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"gostack.dev/users/internal/database"
	"gostack.dev/users/internal/httpserver"
	"gostack.dev/users/internal/passwords"
	"gostack.dev/users/internal/tokens"
	"gostack.dev/users/internal/users"
)

// What became of a request, for metrics; limited and refused are of logins, reused and expired of refresh tokens.
const (
	loggedIn  = "logged_in"
	limited   = "limited"
	refused   = "refused"
	renewed   = "renewed"
	expired   = "expired"
	reused    = "reused"
	loggedOut = "logged_out"
)

// Events is all that Options.Observe may hear.
var Events = []string{loggedIn, limited, refused, renewed, expired, reused, loggedOut}

// Options is what logins need to know.
type Options struct {
	Primary   Primary
	Passwords *passwords.Hasher
	Tokens    *tokens.Issuer
	// SessionLifetime is the time from a login to the next one that is needed.
	SessionLifetime time.Duration
	// AccountLimit and AddressLimit are tries to log in, in a minute.
	AccountLimit int
	AddressLimit int
	// Observe hears of every event.
	Observe func(event string)
	Logger  *slog.Logger
}

// Handlers answer for logins over HTTP.
type Handlers struct {
	options             Options
	sessions            sessions
	byAccount, byClient *limit
}

// New returns handlers.
func New(options Options) (*Handlers, error) {
	byAccount, err := newLimit(options.AccountLimit)
	byClient, other := newLimit(options.AddressLimit)
	return &Handlers{options, sessions{options.Primary, options.SessionLifetime, database.Now}, byAccount, byClient}, errors.Join(err, other)
}

// Register adds the routes.
func (h *Handlers) Register(router *httpserver.Router) {
	router.Handle("POST /login", h.login)
	router.Handle("POST /token/refresh", h.refresh)
	router.Handle("POST /logout", h.logout)
	router.HandlePlain("GET /.well-known/jwks.json", h.options.Tokens)
}

// Forget deletes the sessions that have expired.
func (h *Handlers) Forget(ctx context.Context) (int64, error) { return h.sessions.forget(ctx) }

type pair struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in"`
	RefreshToken string `json:"refresh_token"`
}

func (h *Handlers) login(request *http.Request) (httpserver.Reply, error) {
	var email, password string
	problems, err := httpserver.ReadTexts(request, "a login", map[string]*string{"email": &email, "password": &password})
	if err != nil {
		return httpserver.Reply{}, err
	}
	if len(problems) > 0 {
		return httpserver.Reply{}, httpserver.BadFields(problems)
	}
	if err := h.tooMany(h.byClient, network(httpserver.ClientAddress(request))); err != nil {
		return httpserver.Reply{}, err
	}
	ctx := request.Context()
	email = strings.TrimSpace(email)
	found, err := h.sessions.account(ctx, email)
	if err != nil {
		return httpserver.Reply{}, users.FailureOf(ctx, err)
	}
	if err := h.tooMany(h.byAccount, found.key(email)); err != nil {
		return httpserver.Reply{}, err
	}
	matches, err := h.options.Passwords.Matches(ctx, password, found.hash)
	if err != nil {
		return httpserver.Reply{}, users.FailureOf(ctx, err)
	}
	if !matches {
		return httpserver.Reply{}, h.refuse(refused, "the e-mail address or the password is wrong")
	}
	token := newRefreshToken()
	if err := h.sessions.begin(ctx, found.id, token); err != nil {
		return httpserver.Reply{}, users.FailureOf(ctx, err)
	}
	return h.tokens(loggedIn, "logged in", found.id, token)
}

func (h *Handlers) refresh(request *http.Request) (httpserver.Reply, error) {
	presented, err := readRefreshToken(request)
	if err != nil {
		return httpserver.Reply{}, err
	}
	ctx := request.Context()
	next := presented.next()
	user, err := h.sessions.renew(ctx, presented, next)
	switch {
	case errors.Is(err, errReused):
		h.options.Logger.WarnContext(ctx, "a refresh token was used twice: its session has ended", "user_id", user)
		return httpserver.Reply{}, h.refuse(reused, "the session has ended")
	case errors.Is(err, errNoSession):
		return httpserver.Reply{}, h.refuse(expired, "the session has ended")
	case err != nil:
		return httpserver.Reply{}, users.FailureOf(ctx, err)
	}
	return h.tokens(renewed, "renewed", user, next)
}

func (h *Handlers) logout(request *http.Request) (httpserver.Reply, error) {
	presented, err := readRefreshToken(request)
	if err != nil {
		return httpserver.Reply{}, err
	}
	if err := h.sessions.end(request.Context(), presented); err != nil {
		return httpserver.Reply{}, users.FailureOf(request.Context(), err)
	}
	h.options.Observe(loggedOut)
	return httpserver.Reply{Status: http.StatusOK, Message: "logged out"}, nil
}

func (h *Handlers) tokens(event, message string, user uint64, refresh refreshToken) (httpserver.Reply, error) {
	access, err := h.options.Tokens.Token(strconv.FormatUint(user, 10), time.Now())
	if err != nil {
		return httpserver.Reply{}, err
	}
	h.options.Observe(event)
	return httpserver.Reply{
		Status: http.StatusOK, Message: message,
		Data: pair{access, "Bearer", int(h.options.Tokens.Lifetime().Seconds()), refresh.text()},
	}, nil
}

func (h *Handlers) tooMany(limit *limit, who string) error {
	allowed, seconds := limit.allow(who)
	if allowed {
		return nil
	}
	h.options.Observe(limited)
	return &httpserver.Failure{Status: http.StatusTooManyRequests, Message: "too many tries to log in", RetryAfterSeconds: seconds}
}

func (h *Handlers) refuse(event, message string) error {
	h.options.Observe(event)
	return &httpserver.Failure{Status: http.StatusUnauthorized, Message: message, Challenge: "Bearer"}
}

func readRefreshToken(request *http.Request) (refreshToken, error) {
	var text string
	problems, err := httpserver.ReadTexts(request, "a session", map[string]*string{"refresh_token": &text})
	if err != nil {
		return refreshToken{}, err
	}
	token, good := parseRefreshToken(text)
	if !good && len(problems) == 0 {
		problems["refresh_token"] = "must be one that was given out"
	}
	if len(problems) > 0 {
		return refreshToken{}, httpserver.BadFields(problems)
	}
	return token, nil
}
