// Command admission asks the validations of a ValidatingAdmissionPolicy about requests, as an API server does, by the same
// library of the expression language.
//
// It reads {"policy": the policy's spec, "requests": [{"object": …, "oldObject": …}]} as JSON, and writes for each request the
// messages of the validations that refuse it.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/ext"
)

type named struct{ Name, Expression string }

type validation struct{ Expression, MessageExpression string }

type question struct {
	Policy struct {
		Variables   []named
		Validations []validation
	}
	Requests []map[string]any
}

func main() {
	log.SetFlags(0)
	var asked question
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		log.Fatal(err)
	}
	answers, err := judge(asked)
	if err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		log.Fatal(err)
	}
}

func judge(asked question) ([][]string, error) {
	env, err := cel.NewEnv(
		cel.OptionalTypes(), ext.Strings(ext.StringsVersion(2)),
		cel.Variable("object", cel.DynType), cel.Variable("oldObject", cel.DynType), cel.Variable("variables", cel.DynType),
	)
	if err != nil {
		return nil, err
	}
	answers := make([][]string, len(asked.Requests))
	for index, request := range asked.Requests {
		answers[index] = []string{}
		variables := map[string]any{}
		given := map[string]any{"object": request["object"], "oldObject": request["oldObject"], "variables": variables}
		for _, variable := range asked.Policy.Variables {
			if variables[variable.Name], err = evaluate(env, variable.Expression, given); err != nil {
				return nil, err
			}
		}
		for _, check := range asked.Policy.Validations {
			passes, err := evaluate(env, check.Expression, given)
			if err != nil {
				return nil, err
			}
			if passes == true {
				continue
			}
			message, err := evaluate(env, check.MessageExpression, given)
			if err != nil {
				return nil, err
			}
			answers[index] = append(answers[index], fmt.Sprint(message))
		}
	}
	return answers, nil
}

func evaluate(env *cel.Env, expression string, given map[string]any) (any, error) {
	compiled, issues := env.Compile(expression)
	if issues.Err() != nil {
		return nil, fmt.Errorf("%s: %w", expression, issues.Err())
	}
	program, err := env.Program(compiled)
	if err != nil {
		return nil, err
	}
	found, _, err := program.Eval(given)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", expression, err)
	}
	return found.Value(), nil
}
