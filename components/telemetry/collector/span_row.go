package main

import (
	"encoding/hex"
	"strings"
	"time"

	common "go.opentelemetry.io/proto/otlp/common/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
)

// spanRow is false for what is no span: its ids are what everything else is found by.
func spanRow(resource map[string]any, span *trace.Span, secrets redaction) (fields, bool) {
	if !someID(span.GetTraceId(), 16) || !someID(span.GetSpanId(), 8) || span.GetStartTimeUnixNano() == 0 {
		return nil, false
	}
	row := fields{}
	attributes := values(span.GetAttributes())
	for _, event := range span.GetEvents() {
		if event.GetName() == "exception" {
			for key, value := range values(event.GetAttributes()) {
				attributes[key] = value
			}
		}
	}
	// One that has more than the store takes is kept without the rest.
	for key, value := range attributes {
		row.put("attribute."+key, value, secrets)
	}
	for key, value := range resource {
		row.put("resource."+key, value, secrets)
	}
	status := strings.ToLower(strings.TrimPrefix(span.GetStatus().GetCode().String(), "STATUS_CODE_"))
	level := "info"
	if status == "error" {
		level = "error"
	}
	length := time.Duration(0)
	if span.GetEndTimeUnixNano() > span.GetStartTimeUnixNano() {
		length = time.Duration(span.GetEndTimeUnixNano() - span.GetStartTimeUnixNano())
	}
	for field, value := range map[string]string{
		"_time":            time.Unix(0, int64(span.GetStartTimeUnixNano())).UTC().Format(time.RFC3339Nano),
		"_msg":             secrets.clean(span.GetName()),
		"kind":             "span",
		"service":          said(resource, "service.name", secrets),
		"region":           said(resource, "gostack.region", secrets),
		"track":            said(resource, "gostack.track", secrets),
		"instance":         said(resource, "service.instance.id", secrets),
		"level":            level,
		"trace_id":         hex.EncodeToString(span.GetTraceId()),
		"span_id":          hex.EncodeToString(span.GetSpanId()),
		"parent_id":        hex.EncodeToString(span.GetParentSpanId()),
		"name":             secrets.clean(span.GetName()),
		"span_kind":        strings.ToLower(strings.TrimPrefix(span.GetKind().String(), "SPAN_KIND_")),
		"duration_seconds": decimal(length.Seconds()),
		"status":           status,
		"status_message":   secrets.clean(span.GetStatus().GetMessage()),
	} {
		row[field] = value
	}
	return row, true
}

func someID(id []byte, length int) bool {
	return len(id) == length && strings.Trim(string(id), "\x00") != ""
}

func said(resource map[string]any, key string, secrets redaction) string {
	value, ok := resource[key]
	if !ok {
		return ""
	}
	return secrets.clean(text(value))
}

func values(pairs []*common.KeyValue) map[string]any {
	read := make(map[string]any, len(pairs))
	for _, pair := range pairs {
		read[pair.GetKey()] = valueOf(pair.GetValue())
	}
	return read
}

func valueOf(value *common.AnyValue) any {
	switch typed := value.GetValue().(type) {
	case *common.AnyValue_StringValue:
		return typed.StringValue
	case *common.AnyValue_BoolValue:
		return typed.BoolValue
	case *common.AnyValue_IntValue:
		return typed.IntValue
	case *common.AnyValue_DoubleValue:
		return decimal(typed.DoubleValue)
	case *common.AnyValue_BytesValue:
		return hex.EncodeToString(typed.BytesValue)
	case *common.AnyValue_ArrayValue:
		list := make([]any, 0, len(typed.ArrayValue.GetValues()))
		for _, of := range typed.ArrayValue.GetValues() {
			list = append(list, valueOf(of))
		}
		return list
	case *common.AnyValue_KvlistValue:
		return values(typed.KvlistValue.GetValues())
	default:
		return nil
	}
}
