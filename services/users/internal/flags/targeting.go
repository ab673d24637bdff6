package flags

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/diegoholiveira/jsonlogic/v3"
	"github.com/fxamacker/cbor/v2"
	"github.com/open-feature/go-sdk/openfeature"
	"github.com/twmb/murmur3"
)

// What flagd knows beside JsonLogic (https://flagd.dev/reference/specifications/custom-operations/).
func init() {
	jsonlogic.AddOperator("fractional", fractional)
	jsonlogic.AddOperator("starts_with", comparing(strings.HasPrefix))
	jsonlogic.AddOperator("ends_with", comparing(strings.HasSuffix))
}

// evaluate returns the variant that a rule names for these attributes; empty for none.
func evaluate(rule json.RawMessage, flag string, attributes openfeature.FlattenedContext, now time.Time) (variant string, err error) {
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("%v", problem)
		}
	}()
	data := maps.Clone(attributes)
	if data == nil {
		data = openfeature.FlattenedContext{}
	}
	data["$flagd"] = map[string]any{"flagKey": flag, "timestamp": now.Unix()}
	text, err := json.Marshal(data)
	if err != nil {
		return "", err
	}
	result, err := jsonlogic.ApplyRaw(rule, text)
	if err != nil {
		return "", err
	}
	var found any
	if err := json.Unmarshal(result, &found); err != nil {
		return "", err
	}
	switch found := found.(type) {
	case nil:
		return "", nil
	case string:
		return found, nil
	case bool:
		return strconv.FormatBool(found), nil
	}
	return "", fmt.Errorf("it gives %s, which is no name of a variant", result)
}

// fractional gives the same user the same variant on every replica: the hash of
// the flag and the targeting key falls into one of the shares.
func fractional(values, data any) any {
	arguments, _ := values.([]any)
	if len(arguments) == 0 {
		panic(errors.New("fractional has no arguments"))
	}
	context, _ := data.(map[string]any)
	known, _ := context["$flagd"].(map[string]any)
	var bucketBy any
	if _, isShare := arguments[0].([]any); isShare {
		if key, _ := context["targetingKey"].(string); key != "" {
			bucketBy = []any{known["flagKey"], key}
		}
	} else {
		bucketBy, arguments = arguments[0], arguments[1:]
	}
	var total uint64
	names, ends := make([]any, len(arguments)), make([]uint64, len(arguments))
	for position, argument := range arguments {
		name, weight := share(argument)
		total += weight
		names[position], ends[position] = name, total
	}
	if total == 0 || total > math.MaxInt32 {
		panic(fmt.Errorf("the weights of fractional add up to %d", total))
	}
	if bucketBy == nil {
		return nil
	}
	text, err := cbor.Marshal(bucketBy)
	if err != nil {
		panic(err)
	}
	bucket := uint64(murmur3.Sum32(text)) * total >> 32
	for position, end := range ends {
		if bucket < end {
			return names[position]
		}
	}
	return nil
}

// share reads ["variant", weight]; the weight is 1 where it is left out.
func share(argument any) (name any, weight uint64) {
	pair, _ := argument.([]any)
	switch len(pair) {
	case 1:
		return pair[0], 1
	case 2:
		if given, isNumber := pair[1].(float64); isNumber && given == math.Trunc(given) && given <= math.MaxInt32 {
			return pair[0], uint64(max(0, given))
		}
	}
	panic(fmt.Errorf("%v is no share: write it like [\"on\", 5]", argument))
}

func comparing(compare func(text, part string) bool) func(values, data any) any {
	return func(values, _ any) any {
		arguments, _ := values.([]any)
		if len(arguments) != 2 {
			panic(errors.New("starts_with and ends_with have two arguments"))
		}
		text, isText := arguments[0].(string)
		part, isPart := arguments[1].(string)
		return isText && isPart && compare(text, part)
	}
}
