package configuration

import (
	"crypto/x509"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Lookup has the shape of os.LookupEnv, so that a test can bring its own environment.
type Lookup func(name string) (string, bool)

// environment reads typed variables and remembers every problem: somebody who
// configures a new service wants to see all of them at once.
type environment struct {
	lookup   Lookup
	problems []string
}

func (e *environment) complain(format string, arguments ...any) {
	e.problems = append(e.problems, fmt.Sprintf(format, arguments...))
}

func (e *environment) text(name, fallback string) string {
	if value, found := e.lookup(name); found && strings.TrimSpace(value) != "" {
		return strings.TrimSpace(value)
	}
	return fallback
}

func (e *environment) required(name, meaning string) string {
	value := e.text(name, "")
	if value == "" {
		e.complain("%s is missing: set it to %s.", name, meaning)
	}
	return value
}

func (e *environment) secret(name, meaning string) Secret {
	value, found := e.lookup(name)
	if !found || value == "" {
		e.complain("%s is missing: set it to %s.", name, meaning)
	}
	return Secret(value)
}

// passwordOf returns how to get a password that may change: from the file that
// <name>_FILE names, else from the variable itself.
func (e *environment) passwordOf(name string) func() string {
	path, value := e.text(name+"_FILE", ""), Secret(e.text(name, ""))
	if path == "" {
		return value.Reveal
	}
	if _, err := os.ReadFile(path); err != nil {
		e.complain("%s_FILE must name a file that can be read, but %v.", name, err)
	}
	return func() string {
		text, _ := os.ReadFile(path)
		return strings.TrimSpace(string(text))
	}
}

// fileText reads the file that the variable names; empty where it names none.
func (e *environment) fileText(name string) string {
	path := e.text(name, "")
	if path == "" {
		return ""
	}
	text, err := os.ReadFile(path)
	if err != nil {
		e.complain("%s must name a file that can be read, but %v.", name, err)
	}
	return string(text)
}

func (e *environment) flag(name string) bool {
	value := e.text(name, "false")
	yes, err := strconv.ParseBool(value)
	if err != nil {
		e.complain("%s must be true or false, but it is %q.", name, value)
	}
	return yes
}

func (e *environment) integer(name string, fallback, smallest, largest int) int {
	value := e.text(name, "")
	if value == "" {
		return fallback
	}
	number, err := strconv.Atoi(value)
	if err != nil || number < smallest || number > largest {
		e.complain("%s must be a whole number from %d to %d, but it is %q.", name, smallest, largest, value)
		return fallback
	}
	return number
}

func (e *environment) number(name string, fallback float64) float64 {
	value := e.text(name, "")
	if value == "" {
		return fallback
	}
	number, err := strconv.ParseFloat(value, 64)
	if err != nil || math.IsNaN(number) || math.IsInf(number, 0) || number < 0 {
		e.complain("%s must be a number that is not negative, but it is %q.", name, value)
		return fallback
	}
	return number
}

func (e *environment) seconds(name string, fallback, smallest, largest int) time.Duration {
	return time.Duration(e.integer(name, fallback, smallest, largest)) * time.Second
}

func (e *environment) milliseconds(name string, fallback, smallest, largest int) time.Duration {
	return time.Duration(e.integer(name, fallback, smallest, largest)) * time.Millisecond
}

func (e *environment) address(name, value string) string {
	if value == "" {
		return ""
	}
	host, port, err := net.SplitHostPort(value)
	number, portError := strconv.Atoi(port)
	if err != nil || host == "" || portError != nil || number < 1 || number > math.MaxUint16 {
		e.complain("%s must look like host:port, but it is %q.", name, value)
	}
	return value
}

// list reads words with commas between them.
func (e *environment) list(name string) []string {
	return strings.FieldsFunc(e.text(name, ""), func(character rune) bool { return character == ',' || unicode.IsSpace(character) })
}

func (e *environment) addresses(name string) []string {
	addresses := e.list(name)
	for _, address := range addresses {
		e.address(name, address)
	}
	return addresses
}

func (e *environment) webAddress(name string) string {
	value := e.text(name, "")
	if value == "" {
		return ""
	}
	parsed, err := url.Parse(value)
	if err != nil || parsed.Host == "" || (parsed.Scheme != "http" && parsed.Scheme != "https") {
		e.complain("%s must be an http:// or https:// address, but it is %q.", name, value)
		return ""
	}
	return strings.TrimRight(value, "/")
}

func (e *environment) level(name string) slog.Level {
	value := e.text(name, "info")
	var level slog.Level
	if err := level.UnmarshalText([]byte(value)); err != nil {
		e.complain("%s must be debug, info, warn or error, but it is %q.", name, value)
	}
	return level
}

func (e *environment) certificates(name string) *x509.CertPool {
	value := e.text(name, "")
	if value == "" {
		return nil
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(value)) {
		e.complain("%s must be one or more certificates as PEM text, but no certificate could be read from it.", name)
		return nil
	}
	return pool
}
