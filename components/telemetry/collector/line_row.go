package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"
)

// names are other ways to write the fields that every row has; the first one that a line has is taken.
var names = []struct {
	field   string
	written []string
}{
	{"_msg", []string{"_msg", "message", "msg"}},
	{"level", []string{"level", "severity", "lvl"}},
	{"trace_id", []string{"trace_id", "traceId", "traceID", "trace.id"}},
	{"span_id", []string{"span_id", "spanId", "spanID", "span.id"}},
}

// timeNames are where a line may have its own time. Nginx writes its end with thousandths, its timestamp without.
var timeNames = []string{"ended", "timestamp", "time", "ts", "@timestamp", "_time"}

// maxRow is what VictoriaLogs takes for certain, whose blocks end at 2 MiB; shortened is what is kept of a longer one.
const maxRow, shortened = 2_000_000, 256 << 10

// lineRow makes a row of a line: JSON becomes fields, everything else a message.
func lineRow(line found, secrets redaction) fields {
	row := fields{}
	if !rowOfJSON(row, line.text, secrets) {
		clear(row)
		row["_msg"] = secrets.clean(strings.TrimRight(string(line.text), "\r\n"))
	}
	for _, name := range names {
		for _, written := range name.written {
			if value := row[written]; value != "" {
				delete(row, written)
				row[name.field] = value
				break
			}
		}
	}
	if row["_msg"] == "" {
		// Of the fields, which are redacted: in the line itself a secret may be written with escapes.
		row["_msg"] = string(encode(map[string]string(row)))
	}
	if level := row["level"]; level != "" {
		row["level"] = strings.ToLower(level)
	}
	arrived, err := time.Parse(time.RFC3339Nano, line.time)
	if err != nil {
		arrived = time.Now().UTC()
	}
	at := arrived
	for _, name := range timeNames {
		own, ok := row[name]
		if !ok {
			continue
		}
		if said, believed := timeOf(own, arrived); believed {
			at = said
			if name != "ended" {
				delete(row, name)
			}
			break
		}
	}
	row["_time"] = at.Format(time.RFC3339Nano)
	who := line.identity
	if who.Service == ingressService && row["upstream_service"]+row["status"] != "" {
		// Of the route, which the ingress knows.
		who.Track = row["track"]
	}
	// What a program writes by these names is kept under another one: it would make streams without end.
	for _, own := range [...]struct{ field, value string }{
		{"kind", "log"}, {"service", who.Service}, {"region", who.Region}, {"track", who.Track},
		{"instance", who.Instance}, {"role", who.Role}, {"stream", line.stream},
	} {
		if written := row[own.field]; written != "" && written != own.value {
			row["line."+own.field] = written
		}
		row[own.field] = own.value
	}
	return row
}

func rowOfJSON(row fields, text []byte, secrets redaction) bool {
	text = bytes.TrimSpace(text)
	if len(text) < 2 || text[0] != '{' || text[len(text)-1] != '}' {
		return false
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	// A number as it was written: an order's may have more digits than a float keeps.
	decoder.UseNumber()
	var values map[string]any
	if decoder.Decode(&values) != nil || decoder.More() {
		return false
	}
	for key, value := range values {
		if !row.put(key, value, secrets) {
			return false
		}
	}
	return len(row) > 0
}

// encodeRow is a row as the store takes it.
func encodeRow(row fields) []byte {
	written := row.encode()
	if len(written) <= maxRow {
		return written
	}
	short := fields{"shortened": "true"}
	for _, key := range []string{
		"_time", "_msg", "kind", "service", "region", "track", "instance", "role", "stream", "level", "trace_id",
		"span_id", "parent_id", "name", "duration_seconds", "status",
	} {
		value := row[key]
		short[key] = strings.ToValidUTF8(value[:min(shortened, len(value))], "")
	}
	return short.encode()
}
