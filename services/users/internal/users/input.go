package users

import (
	"net/http"
	"strings"

	"gostack.dev/users/internal/httpserver"
	"gostack.dev/users/internal/passwords"
)

// readInput reads and checks the body. It goes through all fields before it
// answers, so that a caller does not learn of them one by one. A password may be
// there where a place for it is given.
func readInput(request *http.Request, password *string) (Input, error) {
	var input Input
	destinations := map[string]*string{"name": &input.Name, "email": &input.Email}
	if password != nil {
		destinations["password"] = password
	}
	problems, err := httpserver.ReadTexts(request, "a user", destinations, "password")
	if err != nil {
		return Input{}, err
	}
	input.Name, input.Email = strings.TrimSpace(input.Name), strings.TrimSpace(input.Email)
	found := input.Validate()
	if password != nil && *password != "" {
		if reason := passwords.Problem(*password); reason != "" {
			found["password"] = reason
		}
	}
	for field, reason := range found {
		if _, already := problems[field]; !already {
			problems[field] = reason
		}
	}
	if len(problems) > 0 {
		return Input{}, httpserver.BadFields(problems)
	}
	return input, nil
}
