package users

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"gostack.dev/users/internal/httpserver"
	"gostack.dev/users/internal/passwords"
	"gostack.dev/users/internal/resilience"
)

const (
	basePath        = "/api/v1/users"
	defaultPageSize = 20
	largestPageSize = 100
	// What a page skips is read all the same: behind this many users there are cursors.
	largestOffset = 10_000
	longestKey    = 255
	retrySeconds  = 2
	seenHeader    = "X-Seen-Updated-At"
	// statusClientClosed is what proxies log for a caller who hung up; nobody receives it.
	statusClientClosed = 499
)

// Handlers answer for users over HTTP.
type Handlers struct {
	repository Repository
	hash       Hash
}

// Hash returns what is kept of a password.
type Hash func(ctx context.Context, password string) (string, error)

// NewHandlers returns handlers over a repository. Without a hash, users have no passwords.
func NewHandlers(repository Repository, hash Hash) *Handlers {
	return &Handlers{repository, hash}
}

// Register adds the routes.
func (h *Handlers) Register(router *httpserver.Router) {
	router.Handle("GET "+basePath, h.list)
	router.Handle("POST "+basePath, h.create)
	router.Handle("GET "+basePath+"/{id}", h.get)
	router.Handle("PUT "+basePath+"/{id}", h.update)
	router.Handle("DELETE "+basePath+"/{id}", h.delete)
}

type pagination struct {
	// Total, TotalIsExact and Page are there where the page was asked for by its number.
	Total        *uint64 `json:"total,omitempty"`
	TotalIsExact *bool   `json:"total_is_exact,omitempty"`
	Page         int     `json:"page,omitempty"`
	PageSize     int     `json:"page_size"`
	// NextCursor is empty behind the last user.
	NextCursor string `json:"next_cursor"`
}

type listing struct {
	Items      []User     `json:"items"`
	Pagination pagination `json:"pagination"`
}

func (h *Handlers) list(request *http.Request) (httpserver.Reply, error) {
	problems := map[string]string{}
	size := queryNumber(request, "page_size", defaultPageSize, largestPageSize, problems)
	window := Window{Limit: size}
	position := pagination{PageSize: size}
	query := request.URL.Query()
	if query.Has("cursor") {
		window.After = queryCursor(query["cursor"], problems)
		if query.Has("page") {
			problems["page"] = "cannot be used together with a cursor"
		}
	} else {
		position.Page = queryNumber(request, "page", 1, largestOffset/size, problems)
		window.Offset, window.Counted = (position.Page-1)*size, true
	}
	if len(problems) > 0 {
		return httpserver.Reply{}, badRequest("the query has bad parameters", problems)
	}
	found, err := h.repository.List(request.Context(), window)
	if err != nil {
		return httpserver.Reply{}, FailureOf(request.Context(), err)
	}
	items := found.Users
	if items == nil {
		items = []User{}
	}
	if found.More && len(items) > 0 {
		position.NextCursor = cursorAfter(items[len(items)-1].ID)
	}
	if window.Counted {
		exact := found.Total < CountLimit
		position.Total, position.TotalIsExact = &found.Total, &exact
	}
	return httpserver.Reply{Status: http.StatusOK, Message: "ok", Data: listing{items, position}}, nil
}

func (h *Handlers) get(request *http.Request) (httpserver.Reply, error) {
	id, err := pathID(request)
	if err != nil {
		return httpserver.Reply{}, err
	}
	since, err := seen(request)
	if err != nil {
		return httpserver.Reply{}, err
	}
	reading, err := h.repository.Get(request.Context(), id, since)
	if err != nil {
		return httpserver.Reply{}, FailureOf(request.Context(), err)
	}
	reply := httpserver.Reply{Status: http.StatusOK, Message: "ok", Data: reading.User}
	if reading.Degraded {
		reply.Message = "ok, as last known"
		reply.Header = map[string]string{
			"Warning":    `110 - "Response is Stale"`,
			"X-Degraded": fmt.Sprintf("age=%d", int(reading.Age.Seconds())),
		}
	}
	return reply, nil
}

func (h *Handlers) create(request *http.Request) (httpserver.Reply, error) {
	key := request.Header.Get("Idempotency-Key")
	if !acceptableKey(key) {
		return httpserver.Reply{}, badRequest("the Idempotency-Key must be 1 to 255 printable ASCII characters", nil)
	}
	input, err := h.readNew(request)
	if err != nil {
		return httpserver.Reply{}, err
	}
	user, created, err := h.repository.Create(request.Context(), input, keyOfClient(request, key))
	if err != nil {
		return httpserver.Reply{}, FailureOf(request.Context(), err)
	}
	message := "created"
	if !created {
		message = "created before"
	}
	return httpserver.Reply{
		Status: http.StatusCreated, Message: message, Data: user,
		Location: fmt.Sprintf("%s/%d", basePath, user.ID),
	}, nil
}

// readNew reads a new user, who may bring a password.
func (h *Handlers) readNew(request *http.Request) (Input, error) {
	if h.hash == nil {
		return readInput(request, nil)
	}
	var password string
	input, err := readInput(request, &password)
	if err != nil || password == "" {
		return input, err
	}
	if input.PasswordHash, err = h.hash(request.Context(), password); err != nil {
		return Input{}, FailureOf(request.Context(), err)
	}
	return input, nil
}

func (h *Handlers) update(request *http.Request) (httpserver.Reply, error) {
	id, err := pathID(request)
	if err != nil {
		return httpserver.Reply{}, err
	}
	input, err := readInput(request, nil)
	if err != nil {
		return httpserver.Reply{}, err
	}
	user, err := h.repository.Update(request.Context(), id, input)
	if err != nil {
		return httpserver.Reply{}, FailureOf(request.Context(), err)
	}
	return httpserver.Reply{Status: http.StatusOK, Message: "updated", Data: user}, nil
}

func (h *Handlers) delete(request *http.Request) (httpserver.Reply, error) {
	id, err := pathID(request)
	if err != nil {
		return httpserver.Reply{}, err
	}
	if err := h.repository.Delete(request.Context(), id); err != nil {
		return httpserver.Reply{}, FailureOf(request.Context(), err)
	}
	return httpserver.Reply{Status: http.StatusOK, Message: "deleted"}, nil
}

// seen is the updated_at that the caller got with an earlier answer: whoever wrote
// reads what he wrote, wherever he asks.
func seen(request *http.Request) (time.Time, error) {
	text := request.Header.Get(seenHeader)
	if text == "" {
		return time.Time{}, nil
	}
	since, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}, badRequest(seenHeader+" must be the updated_at of an earlier answer", nil)
	}
	return since, nil
}

func pathID(request *http.Request) (uint64, error) {
	// One bit less than the column holds, so that every id is also a signed number elsewhere.
	id, err := strconv.ParseUint(request.PathValue("id"), 10, 63)
	if err != nil || id == 0 {
		return 0, badRequest("the address has a bad id", map[string]string{"id": "must be a positive whole number"})
	}
	return id, nil
}

// cursorAfter names the place behind a user. It is text, so that nobody counts
// on its being a number.
func cursorAfter(id uint64) string {
	return base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, id))
}

func queryCursor(values []string, problems map[string]string) uint64 {
	if len(values) == 1 {
		if values[0] == "" {
			return 0
		}
		place, err := base64.RawURLEncoding.Strict().DecodeString(values[0])
		if err == nil && len(place) == 8 {
			return binary.BigEndian.Uint64(place)
		}
	}
	problems["cursor"] = "must be the next_cursor of an answer, or empty for the beginning"
	return 0
}

func queryNumber(request *http.Request, name string, fallback, largest int, problems map[string]string) int {
	values, sent := request.URL.Query()[name]
	if !sent {
		return fallback
	}
	number, err := strconv.Atoi(values[0])
	if err != nil || number < 1 || number > largest || len(values) > 1 {
		problems[name] = fmt.Sprintf("must be one whole number from 1 to %d", largest)
		return fallback
	}
	return number
}

func acceptableKey(key string) bool {
	if len(key) > longestKey {
		return false
	}
	for position := range len(key) {
		if key[position] < ' ' || key[position] > '~' {
			return false
		}
	}
	return true
}

// keyOfClient keeps the keys of clients that say who they are apart: two that
// count from 1 must not get each other's users. A stored key of a named client
// begins with a byte that no key may contain.
func keyOfClient(request *http.Request, key string) string {
	if key == "" {
		return ""
	}
	for _, header := range []string{"X-Client-ID", "Authorization"} {
		if client := request.Header.Get(header); client != "" {
			hash := sha256.Sum256([]byte(header + "\x00" + client + "\x00" + key))
			return "\x01" + hex.EncodeToString(hash[:])
		}
	}
	return key
}

func badRequest(message string, fields map[string]string) *httpserver.Failure {
	return &httpserver.Failure{Status: http.StatusBadRequest, Message: message, Fields: fields}
}

// FailureOf is the answer to an error of this package, or of a transaction on its database.
func FailureOf(ctx context.Context, err error) error {
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return &httpserver.Failure{Status: statusClientClosed, Message: "the caller hung up", Cause: err}
	case errors.Is(err, passwords.ErrBusy):
		return &httpserver.Failure{Status: http.StatusServiceUnavailable, Message: passwords.ErrBusy.Error(), RetryAfterSeconds: retrySeconds}
	case errors.Is(err, ErrNotFound):
		return &httpserver.Failure{Status: http.StatusNotFound, Message: ErrNotFound.Error()}
	case errors.Is(err, ErrEmailTaken):
		return &httpserver.Failure{Status: http.StatusConflict, Message: ErrEmailTaken.Error(), Fields: map[string]string{"email": "belongs to another user"}}
	case errors.Is(err, ErrOriginalGone):
		return &httpserver.Failure{Status: http.StatusConflict, Message: ErrOriginalGone.Error()}
	case errors.Is(err, ErrKeyReused):
		return &httpserver.Failure{Status: http.StatusUnprocessableEntity, Message: ErrKeyReused.Error()}
	// What a driver says of a query that its deadline ended differs from case to case.
	case errors.Is(err, ErrUnavailable), errors.Is(ctx.Err(), context.DeadlineExceeded):
		return &httpserver.Failure{Status: http.StatusServiceUnavailable, Message: unavailable(ctx, err), RetryAfterSeconds: retrySeconds, Cause: err}
	}
	return err
}

// unavailable says why the database cannot be used, as far as a caller may know it.
func unavailable(ctx context.Context, err error) string {
	for _, reason := range []error{resilience.ErrFull, resilience.ErrOpen, resilience.ErrNoTimeLeft} {
		if errors.Is(err, reason) || reason == resilience.ErrNoTimeLeft && ctx.Err() != nil {
			return ErrUnavailable.Error() + ": " + reason.Error()
		}
	}
	return ErrUnavailable.Error()
}
