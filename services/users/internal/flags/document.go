package flags

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/open-feature/go-sdk/openfeature"
	"github.com/open-feature/go-sdk/openfeature/memprovider"

	"gostack.dev/users/internal/dynamic"
)

// The document is flagd's (https://flagd.dev/reference/flag-definitions/), so
// that a service in any language reads the same one with a library of its own.
type document struct {
	Flags    map[string]definition `json:"flags"`
	Metadata map[string]any        `json:"metadata"`
}

type definition struct {
	State          memprovider.State `json:"state"`
	Variants       map[string]any    `json:"variants"`
	DefaultVariant string            `json:"defaultVariant"`
	// Targeting is a JsonLogic rule that gives the name of a variant, or null for the default one.
	Targeting json.RawMessage `json:"targeting"`
}

// parse refuses a document of which a flag could not be evaluated: half of one
// would be worse than the one in force.
func parse(text []byte, now func() time.Time) (map[string]memprovider.InMemoryFlag, document, error) {
	var found document
	// A whole number stays one: the SDK keeps integers and floats apart.
	if err := dynamic.Decode(text, &found, (*json.Decoder).UseNumber); err != nil {
		return nil, document{}, err
	}
	if found.Flags == nil {
		return nil, document{}, errors.New("it has no flags")
	}
	flags := make(map[string]memprovider.InMemoryFlag, len(found.Flags))
	for name, flag := range found.Flags {
		parsed, err := flag.parse(name, now)
		if err != nil {
			return nil, document{}, fmt.Errorf("the flag %s: %w", name, err)
		}
		flags[name] = parsed
	}
	return flags, found, nil
}

func (d definition) parse(name string, now func() time.Time) (memprovider.InMemoryFlag, error) {
	if d.State != memprovider.Enabled && d.State != memprovider.Disabled {
		return memprovider.InMemoryFlag{}, fmt.Errorf("its state is %q", d.State)
	}
	if _, known := d.Variants[d.DefaultVariant]; !known {
		return memprovider.InMemoryFlag{}, fmt.Errorf("its defaultVariant %q is none of %s",
			d.DefaultVariant, strings.Join(slices.Sorted(maps.Keys(d.Variants)), ", "))
	}
	for variant, value := range d.Variants {
		d.Variants[variant] = number(value)
	}
	flag := memprovider.InMemoryFlag{Key: name, State: d.State, DefaultVariant: d.DefaultVariant, Variants: d.Variants}
	if rule := bytes.TrimSpace(d.Targeting); len(rule) > 0 && !bytes.Equal(rule, []byte("null")) && !bytes.Equal(rule, []byte("{}")) {
		// An operator that does not exist is found by trying: all branches of a rule are evaluated.
		if _, err := evaluate(rule, name, nil, now()); err != nil {
			return memprovider.InMemoryFlag{}, fmt.Errorf("its targeting: %w", err)
		}
		evaluator := targeted(rule, now)
		flag.ContextEvaluator = &evaluator
	}
	return flag, nil
}

// targeted chooses a variant by the rule; where it gives none, the default one.
func targeted(rule json.RawMessage, now func() time.Time) func(memprovider.InMemoryFlag, openfeature.FlattenedContext) (any, openfeature.ProviderResolutionDetail) {
	return func(flag memprovider.InMemoryFlag, attributes openfeature.FlattenedContext) (any, openfeature.ProviderResolutionDetail) {
		detail := openfeature.ProviderResolutionDetail{Reason: openfeature.TargetingMatchReason}
		variant, err := evaluate(rule, flag.Key, attributes, now())
		if err == nil && variant == "" {
			variant, detail.Reason = flag.DefaultVariant, openfeature.DefaultReason
		}
		value, known := flag.Variants[variant]
		if err != nil || !known {
			// A value of no type: the caller gets its own default, and the reason that it is an error.
			return nil, openfeature.ProviderResolutionDetail{Reason: openfeature.ErrorReason}
		}
		detail.Variant = variant
		return value, detail
	}
}

// number turns what the decoder kept as text into what the SDK knows.
func number(value any) any {
	text, isNumber := value.(json.Number)
	if !isNumber {
		return value
	}
	if whole, err := text.Int64(); err == nil {
		return whole
	}
	float, _ := text.Float64()
	return float
}
