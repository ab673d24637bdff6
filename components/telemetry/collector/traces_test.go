package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"

	common "go.opentelemetry.io/proto/otlp/common/v1"
	resource "go.opentelemetry.io/proto/otlp/resource/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

func pair(key, value string) *common.KeyValue {
	return &common.KeyValue{Key: key, Value: &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: value}}}
}

func tracesOf(t testing.TB, spans ...*trace.Span) []byte {
	t.Helper()
	written, err := proto.Marshal(&trace.TracesData{ResourceSpans: []*trace.ResourceSpans{{
		Resource: &resource.Resource{Attributes: []*common.KeyValue{
			pair("service.name", "users"), pair("gostack.region", "east"), pair("gostack.track", "stable"),
			pair("service.instance.id", "users-east-1"), pair("telemetry.sdk.language", "go"),
		}},
		ScopeSpans: []*trace.ScopeSpans{{Spans: spans}},
	}}})
	must(t, err)
	return written
}

func someSpan() *trace.Span {
	return &trace.Span{
		TraceId: bytes.Repeat([]byte{0xab}, 16), SpanId: bytes.Repeat([]byte{0x01}, 8), ParentSpanId: bytes.Repeat([]byte{0x02}, 8),
		Name: "SELECT", Kind: trace.Span_SPAN_KIND_CLIENT, StartTimeUnixNano: 1795946400_000000000, EndTimeUnixNano: 1795946400_012500000,
		Attributes: []*common.KeyValue{pair("db.query.text", "SELECT ?"), pair("token", "password=hunter2")},
		Status:     &trace.Status{Code: trace.Status_STATUS_CODE_ERROR, Message: "no row"},
	}
}

func (r *running) post(body []byte, headers ...string) (int, []byte) {
	r.t.Helper()
	request, err := http.NewRequest(http.MethodPost, r.url+"/v1/traces", bytes.NewReader(body))
	must(r.t, err)
	request.Header.Set("Content-Type", protobufType)
	for position := 0; position < len(headers); position += 2 {
		request.Header.Set(headers[position], headers[position+1])
	}
	response, err := http.DefaultClient.Do(request)
	must(r.t, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	must(r.t, err)
	return response.StatusCode, text
}

func zipped(t testing.TB, body []byte) []byte {
	t.Helper()
	var written bytes.Buffer
	writer := gzip.NewWriter(&written)
	_, err := writer.Write(body)
	must(t, err)
	must(t, writer.Close())
	return written.Bytes()
}

var spanWanted = map[string]string{
	"_time": "2026-11-29T10:00:00Z", "_msg": "SELECT", "kind": "span", "service": "users", "region": "east",
	"track": "stable", "instance": "users-east-1", "level": "error", "name": "SELECT", "duration_seconds": "0.0125",
	"trace_id": strings.Repeat("ab", 16), "span_id": strings.Repeat("01", 8), "parent_id": strings.Repeat("02", 8),
	"status": "error", "status_message": "no row", "span_kind": "client", "attribute.db.query.text": "SELECT ?",
	"attribute.token": redacted, "resource.telemetry.sdk.language": "go",
}

func TestSpansBecomeRows(t *testing.T) {
	const written = `{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"users"}},
		{"key":"gostack.region","value":{"stringValue":"east"}},{"key":"gostack.track","value":{"stringValue":"stable"}},
		{"key":"service.instance.id","value":{"stringValue":"users-east-1"}},
		{"key":"telemetry.sdk.language","value":{"stringValue":"go"}}]},"scopeSpans":[{"spans":[{
		"traceId":"ABabababababababababababababababab","spanId":"0101010101010101","parentSpanId":"0202020202020202","name":"SELECT","kind":3,
		"startTimeUnixNano":"1795946400000000000","endTimeUnixNano":"1795946400012500000","unknown":1,
		"attributes":[{"key":"db.query.text","value":{"stringValue":"SELECT ?"}},{"key":"token","value":{"stringValue":"password=hunter2"}}],
		"status":{"code":2,"message":"no row"}}]}]}]}`
	plain := tracesOf(t, someSpan())
	for name, sent := range map[string]struct {
		body    []byte
		headers []string
		answer  string
	}{
		"protobuf":      {plain, nil, ""},
		"protobuf gzip": {zipped(t, plain), []string{"Content-Encoding", "gzip"}, ""},
		"json":          {[]byte(strings.Replace(written, "ABababab", "ABabab", 1)), []string{"Content-Type", "application/json; charset=utf-8"}, "{}"},
	} {
		t.Run(name, func(t *testing.T) {
			to := newFakeStore(t)
			given := configured(t, to)
			given.Redact = []string{`password=\w+`}
			process := start(t, given)
			status, answered := process.post(sent.body, sent.headers...)
			if status != http.StatusOK || string(answered) != sent.answer {
				t.Fatalf("%d %s", status, answered)
			}
			to.messages(t, 1)
			has(t, to.received()[0], spanWanted)
			process.has("collector_spans_received_total", "1")
		})
	}
}

func TestARequestThatIsNoneIsRefused(t *testing.T) {
	to := newFakeStore(t)
	process := start(t, configured(t, to))
	large := make([]byte, maxTraces+1)
	for name, sent := range map[string]struct {
		body    []byte
		wanted  int
		headers []string
	}{
		"nonsense":    {[]byte("nonsense"), http.StatusBadRequest, nil},
		"no gzip":     {[]byte("nonsense"), http.StatusBadRequest, []string{"Content-Encoding", "gzip"}},
		"zstd":        {[]byte("nonsense"), http.StatusBadRequest, []string{"Content-Encoding", "zstd"}},
		"text":        {nil, http.StatusUnsupportedMediaType, []string{"Content-Type", "text/plain"}},
		"large":       {large, http.StatusRequestEntityTooLarge, nil},
		"large, gzip": {zipped(t, large), http.StatusRequestEntityTooLarge, []string{"Content-Encoding", "gzip"}},
	} {
		if status, text := process.post(sent.body, sent.headers...); status != sent.wanted {
			t.Errorf("%s: %d %s", name, status, text)
		}
	}
}

func TestSpansThatAreNoneAreRejectedAndTheOthersKept(t *testing.T) {
	to := newFakeStore(t)
	process := start(t, configured(t, to))
	short, zero := someSpan(), someSpan()
	short.TraceId, zero.SpanId = []byte{1}, make([]byte, 8)
	status, answered := process.post(tracesOf(t, short, someSpan(), zero))
	_, _, length := protowire.ConsumeTag(answered)
	partial, _ := protowire.ConsumeBytes(answered[length:])
	_, _, length = protowire.ConsumeTag(partial)
	if rejected, _ := protowire.ConsumeVarint(partial[length:]); status != http.StatusOK || rejected != 2 {
		t.Errorf("%d: %d rejected", status, rejected)
	}
	to.messages(t, 1)
	process.has(`collector_rows_dropped_total{reason="spans"}`, "2")
	process.has("collector_spans_received_total", "3")
}

func TestWhileTheStoreIsAwaySpansAreKeptUpToALimit(t *testing.T) {
	to := newFakeStore(t)
	to.leave(true)
	process := start(t, configured(t, to))
	kept := someSpan()
	kept.Attributes = append(kept.Attributes, pair("long", strings.Repeat("x", 1<<20)))
	for range 3 {
		if status, text := process.post(tracesOf(t, kept, kept, kept), "Accept", "*/*"); status != http.StatusOK {
			t.Fatalf("%d %s", status, text)
		}
	}
	eventually(t, func() bool { return to.tries() > 1 }, "a try")
	dropped := process.metric(`collector_rows_dropped_total{reason="spans"}`)
	if dropped == "0" {
		status, _ := process.post(tracesOf(t, kept, kept, kept))
		if dropped = process.metric(`collector_rows_dropped_total{reason="spans"}`); status != http.StatusOK || dropped == "0" {
			t.Fatal("there is no limit")
		}
	}
	to.leave(false)
	to.messages(t, 7)
}
