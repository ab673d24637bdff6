// Package httpserver is everything about HTTP that is the same in every service.
package httpserver

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

// Reply is a successful answer.
type Reply struct {
	Status  int
	Message string
	Data    any
	// Location is the address of what was made; it may be empty.
	Location string
	// Header has what else the answer says of itself; it may be nil.
	Header map[string]string
}

// Failure is an answer that tells the caller what went wrong.
type Failure struct {
	Status  int
	Message string
	// Fields names every bad field with the reason.
	Fields map[string]string
	// RetryAfterSeconds invites the caller to come back; zero does not.
	RetryAfterSeconds int
	// Challenge says, with 401, what would be accepted (WWW-Authenticate).
	Challenge string
	// Cause is for the log only: it may hold what a caller must not see.
	Cause error
}

// Error makes a Failure an error that a handler can return.
func (f *Failure) Error() string {
	if f.Cause != nil {
		return fmt.Sprintf("%s: %v", f.Message, f.Cause)
	}
	return f.Message
}

// Unwrap gives the cause to errors.Is and errors.As.
func (f *Failure) Unwrap() error { return f.Cause }

// Handler answers a request; the router turns what it returns into the unified body.
type Handler func(request *http.Request) (Reply, error)

type envelope struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Data    any    `json:"data"`
}

func writeReply(writer http.ResponseWriter, reply Reply) {
	if reply.Location != "" {
		writer.Header().Set("Location", reply.Location)
	}
	for name, value := range reply.Header {
		writer.Header().Set(name, value)
	}
	writeEnvelope(writer, reply.Status, envelope{reply.Status, reply.Message, reply.Data})
}

func writeFailure(writer http.ResponseWriter, err error) {
	failure := asFailure(err)
	if failure.RetryAfterSeconds > 0 {
		writer.Header().Set("Retry-After", strconv.Itoa(failure.RetryAfterSeconds))
	}
	if failure.Challenge != "" {
		writer.Header().Set("WWW-Authenticate", failure.Challenge)
	}
	var data any
	if len(failure.Fields) > 0 {
		data = map[string]any{"fields": failure.Fields}
	}
	writeEnvelope(writer, failure.Status, envelope{failure.Status, failure.Message, data})
}

func asFailure(err error) *Failure {
	var failure *Failure
	if errors.As(err, &failure) {
		return failure
	}
	return &Failure{Status: http.StatusInternalServerError, Message: "something went wrong on our side", Cause: err}
}

func writeEnvelope(writer http.ResponseWriter, status int, body envelope) {
	text, err := json.Marshal(body)
	if err != nil {
		status = http.StatusInternalServerError
		text = []byte(`{"code":500,"message":"the answer could not be written","data":null}`)
	}
	writer.Header().Set("Content-Type", "application/json; charset=utf-8")
	writer.Header().Set("X-Content-Type-Options", "nosniff")
	writer.Header().Set("Cache-Control", "no-store")
	writer.WriteHeader(status)
	_, _ = writer.Write(append(text, '\n'))
}
