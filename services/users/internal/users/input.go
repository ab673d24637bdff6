package users

import (
	"encoding/json"
	"net/http"
	"strings"

	"gostack.dev/users/internal/httpserver"
)

// readInput reads and checks the body. It goes through all fields before it
// answers, so that a caller does not learn of them one by one.
func readInput(request *http.Request) (Input, error) {
	object, err := httpserver.ReadObject(request)
	if err != nil {
		return Input{}, err
	}
	var input Input
	destinations := map[string]*string{"name": &input.Name, "email": &input.Email}
	problems := map[string]string{}
	for field, value := range object {
		destination, known := destinations[field]
		if !known {
			problems[field] = "is not a field of a user"
			continue
		}
		if string(value) == "null" || json.Unmarshal(value, destination) != nil {
			problems[field] = "must be text"
			continue
		}
		*destination = strings.TrimSpace(*destination)
	}
	for field, reason := range input.Validate() {
		if _, already := problems[field]; already {
			continue
		}
		if _, sent := object[field]; !sent {
			reason = "is missing"
		}
		problems[field] = reason
	}
	if len(problems) > 0 {
		return Input{}, &httpserver.Failure{Status: http.StatusUnprocessableEntity, Message: "the body has bad fields", Fields: problems}
	}
	return input, nil
}
