package httpserver

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
)

// ReadObject reads a JSON object and leaves its fields to the caller, who can
// so name every bad one instead of the first.
func ReadObject(request *http.Request) (map[string]json.RawMessage, error) {
	mediaType, _, err := mime.ParseMediaType(request.Header.Get("Content-Type"))
	if err != nil || mediaType != "application/json" {
		return nil, &Failure{Status: http.StatusUnsupportedMediaType, Message: "the Content-Type must be application/json"}
	}
	decoder := json.NewDecoder(request.Body)
	var object map[string]json.RawMessage
	if err := decoder.Decode(&object); err != nil {
		return nil, bodyFailure(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, bodyFailure(err)
	}
	if object == nil {
		return nil, bodyFailure(nil)
	}
	return object, nil
}

// ReadTexts reads a JSON object of texts into where they belong, and says what is wrong with each bad field: one that
// what is described does not have, that is no text, or that is missing and not optional.
func ReadTexts(request *http.Request, what string, destinations map[string]*string, optional ...string) (problems map[string]string, err error) {
	object, err := ReadObject(request)
	if err != nil {
		return nil, err
	}
	problems = map[string]string{}
	for field, value := range object {
		destination, known := destinations[field]
		switch {
		case !known:
			problems[field] = "is not a field of " + what
		case string(value) == "null" || json.Unmarshal(value, destination) != nil:
			problems[field] = "must be text"
		case *destination == "" && slices.Contains(optional, field):
			problems[field] = "must not be empty: leave it out"
		}
	}
	for field := range destinations {
		if _, sent := object[field]; !sent && !slices.Contains(optional, field) {
			problems[field] = "is missing"
		}
	}
	return problems, nil
}

// BadFields is the answer to a body with such problems.
func BadFields(problems map[string]string) error {
	return &Failure{Status: http.StatusUnprocessableEntity, Message: "the body has bad fields", Fields: problems}
}

func bodyFailure(err error) *Failure {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return &Failure{Status: http.StatusRequestEntityTooLarge, Message: "the body is too large", Cause: err}
	}
	return &Failure{Status: http.StatusBadRequest, Message: "the body must be exactly one JSON object", Cause: err}
}
