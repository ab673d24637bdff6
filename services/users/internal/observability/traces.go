package observability

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"strings"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"gostack.dev/users/internal/configuration"
)

// StartTracing makes spans and trace ids available to the whole process and
// returns what flushes them. Everything about the exporter and the sampler
// comes from OpenTelemetry's own OTEL_* variables. Spans hold no values.
func StartTracing(ctx context.Context, identity configuration.Identity, export bool, logger *slog.Logger) (func(context.Context) error, error) {
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		logger.Warn("traces could not be handled", "error", err.Error())
	}))
	otel.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}))

	described, err := resource.New(ctx,
		resource.WithTelemetrySDK(),
		resource.WithAttributes(
			attribute.String("service.name", identity.Service),
			attribute.String("service.version", identity.Version),
			attribute.String("service.instance.id", identity.Instance),
			attribute.String("gostack.region", identity.Region),
			attribute.String("gostack.track", identity.Track),
		),
		// OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win: detectors override
		// those before them.
		resource.WithFromEnv(),
	)
	if err != nil {
		return nil, err
	}
	// The only events are errors in their own words, and MySQL's have values in
	// them: "Duplicate entry 'ada@example.com'". That there was one stays, as the
	// span's status.
	limits := sdktrace.NewSpanLimits()
	limits.EventCountLimit = 0
	options := []sdktrace.TracerProviderOption{sdktrace.WithResource(described), sdktrace.WithRawSpanLimits(limits)}
	if export {
		exporter, err := otlptracehttp.New(ctx)
		if err != nil {
			return nil, err
		}
		options = append(options, sdktrace.WithBatcher(exporter))
	}
	provider := sdktrace.NewTracerProvider(options...)
	otel.SetTracerProvider(provider)
	return provider.Shutdown, nil
}

// RemoteContext takes over the caller's trace: from traceparent, or else from
// X-Trace-ID, which is all that a simpler proxy can send.
func RemoteContext(ctx context.Context, header http.Header) context.Context {
	ctx = otel.GetTextMapPropagator().Extract(ctx, propagation.HeaderCarrier(header))
	if trace.SpanContextFromContext(ctx).IsValid() {
		return ctx
	}
	traceID, err := trace.TraceIDFromHex(strings.ToLower(strings.ReplaceAll(header.Get("X-Trace-ID"), "-", "")))
	if err != nil {
		return ctx
	}
	var parent trace.SpanID
	_, _ = rand.Read(parent[:])
	return trace.ContextWithRemoteSpanContext(ctx, trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: traceID, SpanID: parent, TraceFlags: trace.FlagsSampled, Remote: true,
	}))
}
