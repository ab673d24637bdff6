package main

import (
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"

	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

const (
	// maxTraces is how large a request may be, unpacked; SDKs send 512 spans at once.
	maxTraces = 4 << 20
	// maxRequests bounds the memory of requests that are read at the same time.
	maxRequests = 4

	protobufType, jsonType = "application/x-protobuf", "application/json"
)

var errTooLarge = fmt.Errorf("a request may have %d bytes unpacked", maxTraces)

// traces receives spans: https://opentelemetry.io/docs/specs/otlp/#otlphttp.
type traces struct {
	queue   *spanQueue
	secrets redaction
	metrics *metrics
	reading chan struct{}
}

func newTraces(queue *spanQueue, secrets redaction, measured *metrics) *traces {
	return &traces{queue, secrets, measured, make(chan struct{}, maxRequests)}
}

func (t *traces) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	written, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || written != protobufType && written != jsonType {
		http.Error(w, "spans are "+protobufType+" or "+jsonType, http.StatusUnsupportedMediaType)
		return
	}
	t.reading <- struct{}{}
	defer func() { <-t.reading }()
	content, err := unpacked(w, r)
	if errors.Is(err, errTooLarge) {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	// It has the bytes of ExportTraceServiceRequest, whose package would bring all of gRPC along.
	var sent trace.TracesData
	if written == jsonType {
		err = protojson.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(content, &sent)
	} else {
		err = proto.Unmarshal(content, &sent)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	rejected, reason := t.take(&sent, written == jsonType)
	w.Header().Set("Content-Type", written)
	_, _ = w.Write(answer(rejected, reason, written == jsonType))
}

func (t *traces) take(sent *trace.TracesData, hexadecimal bool) (rejected int, reason string) {
	for _, resource := range sent.GetResourceSpans() {
		of := values(resource.GetResource().GetAttributes())
		for _, scope := range resource.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				t.metrics.spansReceived.Inc()
				if hexadecimal {
					span.TraceId, span.SpanId = fromHex(span.GetTraceId()), fromHex(span.GetSpanId())
					span.ParentSpanId = fromHex(span.GetParentSpanId())
				}
				row, ok := spanRow(of, span, t.secrets)
				if !ok {
					rejected, reason = rejected+1, "a span needs a trace id of 16 bytes, a span id of 8 and a start"
				} else if !t.queue.add(encodeRow(row)) {
					rejected, reason = rejected+1, "the store of spans is away, and there is no room for more"
				}
			}
		}
	}
	t.metrics.lost("spans", rejected)
	return rejected, reason
}

// fromHex undoes the base64 of protojson: OTLP writes ids in hexadecimal digits, which are all letters of base64 too.
func fromHex(id []byte) []byte {
	read, err := hex.DecodeString(base64.StdEncoding.EncodeToString(id))
	if err != nil {
		return nil
	}
	return read
}

func unpacked(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	var body io.Reader = http.MaxBytesReader(w, r.Body, maxTraces)
	switch coding := r.Header.Get("Content-Encoding"); coding {
	case "", "identity":
	case "gzip":
		unzipped, err := gzip.NewReader(body)
		if err != nil {
			return nil, err
		}
		body = unzipped
	default:
		return nil, fmt.Errorf("Content-Encoding is gzip or nothing, not %q", coding)
	}
	content, err := io.ReadAll(io.LimitReader(body, maxTraces+1))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) || len(content) > maxTraces {
		return nil, errTooLarge
	}
	return content, err
}

// answer is an ExportTraceServiceResponse.
func answer(rejected int, reason string, asJSON bool) []byte {
	if asJSON {
		if rejected == 0 {
			return []byte("{}")
		}
		partial := map[string]string{"rejectedSpans": strconv.Itoa(rejected), "errorMessage": reason}
		written, _ := json.Marshal(map[string]any{"partialSuccess": partial})
		return written
	}
	if rejected == 0 {
		return nil
	}
	partial := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), uint64(rejected))
	partial = protowire.AppendString(protowire.AppendTag(partial, 2, protowire.BytesType), reason)
	return protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), partial)
}
