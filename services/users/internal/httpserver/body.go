package httpserver

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
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

func bodyFailure(err error) *Failure {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return &Failure{Status: http.StatusRequestEntityTooLarge, Message: "the body is too large", Cause: err}
	}
	return &Failure{Status: http.StatusBadRequest, Message: "the body must be exactly one JSON object", Cause: err}
}
