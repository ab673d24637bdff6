// Package otlptest takes the spans that the service exports, in tests.
package otlptest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	traces "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Receiver keeps what arrives by OTLP over HTTP.
type Receiver struct {
	mutex   sync.Mutex
	arrived []*traces.ResourceSpans
}

// Start makes a receiver and points the exporter's variables to it.
func Start(t *testing.T) *Receiver {
	t.Helper()
	receiver := &Receiver{}
	server := httptest.NewServer(receiver)
	t.Cleanup(server.Close)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.URL)
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
	return receiver
}

// ServeHTTP takes one export.
func (r *Receiver) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	var export collector.ExportTraceServiceRequest
	if err != nil || request.URL.Path != "/v1/traces" || proto.Unmarshal(body, &export) != nil {
		http.Error(writer, "not an export of traces", http.StatusBadRequest)
		return
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.arrived = append(r.arrived, export.GetResourceSpans()...)
}

// Spans are all spans that arrived.
func (r *Receiver) Spans() []*traces.Span {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	var spans []*traces.Span
	for _, resource := range r.arrived {
		for _, scope := range resource.GetScopeSpans() {
			spans = append(spans, scope.GetSpans()...)
		}
	}
	return spans
}

// Resource holds the texts that the exporter says of itself.
func (r *Receiver) Resource() map[string]string {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	found := map[string]string{}
	for _, resource := range r.arrived {
		for key, value := range Texts(resource.GetResource().GetAttributes()) {
			found[key] = value
		}
	}
	return found
}

// Texts are those attributes that are texts.
func Texts(attributes []*common.KeyValue) map[string]string {
	found := map[string]string{}
	for _, attribute := range attributes {
		found[attribute.GetKey()] = attribute.GetValue().GetStringValue()
	}
	return found
}
