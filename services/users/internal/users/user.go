// Package users is the domain: what a user is, where users are kept, and how
// they are reached over HTTP.
package users

import (
	"context"
	"errors"
	"net/mail"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	longestName  = 100
	longestEmail = 254
)

// What a repository can say besides yes.
var (
	ErrNotFound     = errors.New("there is no such user")
	ErrEmailTaken   = errors.New("the email belongs to another user")
	ErrKeyReused    = errors.New("the Idempotency-Key was used with another body")
	ErrOriginalGone = errors.New("the user made with this Idempotency-Key was deleted")
	ErrUnavailable  = errors.New("the database cannot be used at the moment")
)

// User is a person known to the system.
type User struct {
	ID        uint64    `json:"id"`
	Name      string    `json:"name"`
	Email     string    `json:"email"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// Reading is a user as far as is known.
type Reading struct {
	User User
	// Degraded tells that the database is away: so long ago the user was like this.
	Degraded bool
	Age      time.Duration
}

// Input is what a caller may say about a user.
type Input struct {
	Name  string `json:"name"`
	Email string `json:"email"`
	// PasswordHash is what a new user's password is checked against; empty for one who cannot log in. It is no part of
	// what is remembered of a request, which would be a second and quicker way to try passwords.
	PasswordHash string `json:"-"`
}

// Window says which part of all users is wanted.
type Window struct {
	// After is the id behind which the part begins; zero is the beginning.
	After uint64
	// Offset skips so many users; it costs as much as reading them.
	Offset int
	Limit  int
	// Counted asks for the number of all users.
	Counted bool
}

// Page is a part of all users, in the order in which they were made.
type Page struct {
	Users []User
	// Total counts all users up to CountLimit, where it was asked for.
	Total uint64
	// More tells whether there are users behind this part.
	More bool
}

// CountLimit is where counting ends: a table is not read to its end for a number
// that nobody looks at so closely.
const CountLimit = 10_000

// Repository keeps users. Every error is one of this package, wrapped, or a
// fault of the program.
type Repository interface {
	List(ctx context.Context, window Window) (Page, error)
	// Get returns a user as he was at the given time or later.
	Get(ctx context.Context, id uint64, since time.Time) (Reading, error)
	// Create makes a user. With a key it makes one at most: a second call with
	// the same key and input returns the first user and false.
	Create(ctx context.Context, input Input, idempotencyKey string) (user User, created bool, err error)
	Update(ctx context.Context, id uint64, input Input) (User, error)
	Delete(ctx context.Context, id uint64) error
}

// Validate names every bad field with the reason.
func (i Input) Validate() map[string]string {
	fields := map[string]string{}
	if reason := nameProblem(i.Name); reason != "" {
		fields["name"] = reason
	}
	if reason := emailProblem(i.Email); reason != "" {
		fields["email"] = reason
	}
	return fields
}

func nameProblem(name string) string {
	switch length := utf8.RuneCountInString(name); {
	case length == 0:
		return "must not be empty"
	case length > longestName:
		return "must not be longer than 100 characters"
	case strings.IndexFunc(name, unicode.IsControl) >= 0:
		return "must not contain control characters"
	}
	return ""
}

func emailProblem(email string) string {
	switch {
	case email == "":
		return "must not be empty"
	case len(email) > longestEmail:
		return "must not be longer than 254 bytes"
	}
	// The standard allows comments and quoted names that no mailbox has; what
	// the parser gives back unchanged is a plain address.
	parsed, err := mail.ParseAddress(email)
	if err != nil || parsed.Address != email || parsed.Name != "" || strings.ContainsAny(email, "\"<>()[] ") {
		return "must be a valid e-mail address"
	}
	return ""
}
