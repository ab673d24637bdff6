package main

import (
	"bytes"
	"encoding/json"
	"strconv"
)

const (
	// maxFields and maxKey keep below what VictoriaLogs takes, which drops a row with more: 1000 and 128.
	maxFields = 500
	maxKey    = 100
)

// fields is a row: every value is text, as the store keeps it.
type fields map[string]string

// put is for a value of whoever wrote the line: it is redacted, and parts of an object get names with dots. False when
// the store would not take it.
func (f fields) put(key string, value any, secrets redaction) bool {
	switch typed := value.(type) {
	case nil:
		return true
	case map[string]any:
		for inner, of := range typed {
			if !f.put(key+"."+inner, of, secrets) {
				return false
			}
		}
		return true
	case []any:
		text := encode(clean(typed, secrets))
		return f.set(key, string(text))
	default:
		return f.set(key, secrets.clean(text(value)))
	}
}

// set leaves out what is empty, which the store cannot tell from what is not there.
func (f fields) set(key, value string) bool {
	if value == "" {
		return true
	}
	if len(key) > maxKey || len(f) >= maxFields {
		return false
	}
	f[key] = value
	return true
}

// encode is JSON, with less work than a package that does not know that there is text alone.
func (f fields) encode() []byte {
	size := 2
	for key, value := range f {
		size += len(key) + len(value) + 8
	}
	written := append(make([]byte, 0, size), '{')
	for key, value := range f {
		if value == "" {
			continue
		}
		if len(written) > 1 {
			written = append(written, ',')
		}
		written = append(appendText(written, key), ':')
		written = appendText(written, value)
	}
	return append(written, '}')
}

func appendText(to []byte, text string) []byte {
	for position := range len(text) {
		if sign := text[position]; sign < ' ' || sign > '~' || sign == '"' || sign == '\\' {
			return append(to, encode(text)...)
		}
	}
	return append(append(append(to, '"'), text...), '"')
}

// text is a single value as the store writes it.
func text(value any) string {
	switch typed := value.(type) {
	case string:
		return typed
	case json.Number:
		return typed.String()
	case bool:
		return strconv.FormatBool(typed)
	default:
		return string(encode(value))
	}
}

// clean redacts every string and every number in a value.
func clean(value any, secrets redaction) any {
	switch typed := value.(type) {
	case string:
		return secrets.clean(typed)
	case []any:
		cleaned := make([]any, len(typed))
		for position, of := range typed {
			cleaned[position] = clean(of, secrets)
		}
		return cleaned
	case map[string]any:
		cleaned := make(map[string]any, len(typed))
		for key, of := range typed {
			cleaned[key] = clean(of, secrets)
		}
		return cleaned
	case nil, bool:
		return value
	default:
		written := text(value)
		if cleaned := secrets.clean(written); cleaned != written {
			return cleaned
		}
		return value
	}
}

// encode is JSON without the escapes that only a web page needs.
func encode(value any) []byte {
	var written bytes.Buffer
	encoder := json.NewEncoder(&written)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil
	}
	return bytes.TrimSuffix(written.Bytes(), []byte("\n"))
}

// decimal writes a number without an exponent, which the store would not count with.
func decimal(number float64) string { return strconv.FormatFloat(number, 'f', -1, 64) }
