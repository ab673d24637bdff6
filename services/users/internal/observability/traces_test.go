package observability

import (
	"log/slog"
	"testing"

	"go.opentelemetry.io/otel"

	"gostack.dev/users/internal/configuration"
	"gostack.dev/users/internal/observability/otlptest"
)

func TestASpanSaysWhoseItIsAndThePlatformsWordWins(t *testing.T) {
	receiver := otlptest.Start(t)
	t.Setenv("OTEL_SERVICE_NAME", "people")
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "gostack.region=east,service.instance.id=people-east-0")
	flush, err := StartTracing(t.Context(), configuration.Identity{
		Service: "users", Version: "1.2.3", Region: "local", Track: "canary", Instance: "host",
	}, true, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	_, span := otel.Tracer("test").Start(t.Context(), "work")
	span.End()
	if err := flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if spans := receiver.Spans(); len(spans) != 1 || spans[0].GetName() != "work" {
		t.Fatalf("spans %v", spans)
	}
	said := receiver.Resource()
	for key, expected := range map[string]string{
		"service.name": "people", "service.version": "1.2.3", "service.instance.id": "people-east-0",
		"gostack.region": "east", "gostack.track": "canary",
	} {
		if said[key] != expected {
			t.Errorf("%s is %q", key, said[key])
		}
	}
}

func TestAWrongVariableIsAnErrorAtStart(t *testing.T) {
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "gostack.region")
	if _, err := StartTracing(t.Context(), configuration.Identity{}, false, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("an attribute without a value was taken")
	}
}
