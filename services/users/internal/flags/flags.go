// Package flags evaluates feature flags in the process: the document comes from
// Consul, and the one in force stays when Consul, or a good document, does not.
package flags

import (
	"bytes"
	"context"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"github.com/open-feature/go-sdk/openfeature"
	"github.com/open-feature/go-sdk/openfeature/isolated"
	"github.com/open-feature/go-sdk/openfeature/memprovider"
)

// Options is what flags need to know.
type Options struct {
	// Attributes are those of this instance, for targeting: region, track, version.
	Attributes map[string]any
	// File keeps the last good document for the next start; empty keeps none.
	File string
	// Taken hears of every document whether it came into force; it may be nil.
	Taken func(good bool)
	// Evaluated hears of every evaluation; variant is empty where the code's own default was used.
	Evaluated func(flag, variant, reason string)
	Logger    *slog.Logger
	// Now is time.Now; a test brings its own clock.
	Now func() time.Time
}

// Flags is the document in force, and the client that evaluates it. It is what a
// dynamic.Watcher keeps equal to a key.
type Flags struct {
	options  Options
	provider provider
	client   *openfeature.Client
	inForce  atomic.Pointer[slog.Value]
}

// provider is the SDK's own in-memory one, with the flags of the document.
type provider struct{ *memprovider.InMemoryProvider }

// Metadata names where the flags are from.
func (provider) Metadata() openfeature.Metadata { return openfeature.Metadata{Name: "consul"} }

// New starts with the document of the file where there is a good one, else
// without flags: callers get the defaults of their code.
func New(ctx context.Context, options Options) (*Flags, error) {
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Taken == nil {
		options.Taken = func(bool) {}
	}
	// An API of its own, so that two servers in one process do not share flags.
	api := isolated.NewAPI()
	flags := &Flags{options: options, provider: provider{memprovider.NewInMemoryProvider(nil)}}
	if err := api.SetProviderAndWait(ctx, flags.provider); err != nil {
		return nil, err
	}
	flags.client = api.NewClient()
	flags.client.SetEvaluationContext(openfeature.NewTargetlessEvaluationContext(options.Attributes))
	flags.client.AddHooks(hook{evaluated: options.Evaluated})
	flags.use(nil, document{})
	flags.load()
	return flags, nil
}

// Client evaluates. What is known of a request is in its context (WithCaller).
func (f *Flags) Client() *openfeature.Client { return f.client }

// Boolean returns a flag for the caller of ctx, or the fallback where there is none.
func (f *Flags) Boolean(ctx context.Context, name string, fallback bool) bool {
	return f.client.Boolean(ctx, name, fallback, openfeature.EvaluationContext{})
}

// String returns a flag for the caller of ctx, or the fallback where there is none.
func (f *Flags) String(ctx context.Context, name, fallback string) string {
	return f.client.String(ctx, name, fallback, openfeature.EvaluationContext{})
}

// Replace takes a document over, or leaves everything as it is and says why.
func (f *Flags) Replace(text []byte) error {
	found, document, err := parse(text, f.options.Now)
	f.options.Taken(err == nil)
	if err != nil {
		return err
	}
	f.use(found, document)
	f.keep(text)
	return nil
}

// Reset goes back to the defaults of the code: the key is gone, and the next
// start without Consul is not to bring its flags back.
func (f *Flags) Reset() {
	f.use(nil, document{})
	if f.options.File == "" {
		return
	}
	if err := os.Remove(f.options.File); err != nil && !os.IsNotExist(err) {
		f.options.Logger.Warn("the flags of the file cannot be removed: the next start may have them", "file", f.options.File, "error", err.Error())
	}
}

// LogValue names the flags in force.
func (f *Flags) LogValue() slog.Value { return *f.inForce.Load() }

func (f *Flags) use(flags map[string]memprovider.InMemoryFlag, found document) {
	f.provider.UpdateFlags(flags)
	value := slog.GroupValue(slog.Any("version", found.Metadata["version"]), slog.Any("flags", slices.Sorted(maps.Keys(flags))))
	f.inForce.Store(&value)
}

func (f *Flags) load() {
	if f.options.File == "" {
		return
	}
	text, err := os.ReadFile(f.options.File)
	if os.IsNotExist(err) {
		return
	}
	if err == nil {
		err = f.Replace(text)
	}
	if err != nil {
		f.options.Logger.Warn("the flags of the file were refused; the defaults of the code are in force", "file", f.options.File, "error", err.Error())
	}
}

// keep writes beside the file and renames: one that is cut off is never read.
func (f *Flags) keep(text []byte) {
	if f.options.File == "" {
		return
	}
	if before, err := os.ReadFile(f.options.File); err == nil && bytes.Equal(before, text) {
		return
	}
	written, err := os.CreateTemp(filepath.Dir(f.options.File), ".flags-*")
	if err == nil {
		_, err = written.Write(text)
		if closed := written.Close(); err == nil {
			err = closed
		}
		if err == nil {
			err = os.Rename(written.Name(), f.options.File)
		}
		if err != nil {
			_ = os.Remove(written.Name())
		}
	}
	if err != nil {
		f.options.Logger.Warn("the flags cannot be kept for the next start", "file", f.options.File, "error", err.Error())
	}
}
