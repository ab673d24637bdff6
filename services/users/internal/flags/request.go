package flags

import (
	"context"
	"maps"
	"sync"

	"github.com/open-feature/go-sdk/openfeature"
)

// Request remembers which variants one request had.
type Request struct {
	mutex    sync.Mutex
	variants map[string]string
}

type requestKey struct{}

// WithCaller says who asks: key is what shares go by, attributes what rules may
// ask for. Evaluations with the returned context are remembered in the Request.
func WithCaller(ctx context.Context, key string, attributes map[string]any) (context.Context, *Request) {
	ctx = openfeature.MergeTransactionContext(ctx, openfeature.NewEvaluationContext(key, attributes))
	request := &Request{variants: map[string]string{}}
	return context.WithValue(ctx, requestKey{}, request), request
}

// Variants returns flag to variant; empty where the code's own default was used.
func (r *Request) Variants() map[string]string {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return maps.Clone(r.variants)
}

// hook tells of each evaluation, and writes it down for the request it belongs to.
type hook struct {
	openfeature.UnimplementedHook
	evaluated func(flag, variant, reason string)
}

// Finally is called whether or not there is such a flag.
func (h hook) Finally(ctx context.Context, evaluation openfeature.HookContext, details openfeature.InterfaceEvaluationDetails, _ openfeature.HookHints) {
	variant, reason := details.Variant, string(details.Reason)
	if details.ErrorCode != "" {
		// No error but a word of why the default was used: that nobody has set a flag is the usual one.
		variant, reason = "", string(details.ErrorCode)
	}
	if h.evaluated != nil {
		h.evaluated(evaluation.FlagKey(), variant, reason)
	}
	if request, known := ctx.Value(requestKey{}).(*Request); known {
		request.mutex.Lock()
		request.variants[evaluation.FlagKey()] = variant
		request.mutex.Unlock()
	}
}
