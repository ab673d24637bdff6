package main

import (
	"math"
	"strconv"
	"time"
)

const (
	// A line's own time is believed when it is no older than this at its arrival, and no newer: the store drops rows
	// outside of its days without a word.
	oldest, newest = 24 * time.Hour, 10 * time.Minute
)

var layouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02 15:04:05.999999999Z07:00"}

// ownTime reads the time that a program wrote: text, or a number of seconds, or of thousandths, millionths, … of one.
func ownTime(written string) (time.Time, bool) {
	for _, layout := range layouts {
		if parsed, err := time.Parse(layout, written); err == nil {
			return parsed.UTC(), true
		}
	}
	number, err := strconv.ParseFloat(written, 64)
	if err != nil || number < 1e9 || math.IsInf(number, 0) || math.IsNaN(number) {
		return time.Time{}, false
	}
	// Until the year 5138 seconds are below the first of these, and thousandths of today above.
	for number >= 1e11 {
		number /= 1e3
	}
	whole, part := math.Modf(number)
	return time.Unix(int64(whole), int64(math.Round(part*1e6))*1e3).UTC(), true
}

// timeOf chooses between a line's own time and that of its arrival. Of whole seconds the arrival in the same one is the
// better time.
func timeOf(own string, arrived time.Time) (time.Time, bool) {
	said, ok := ownTime(own)
	if !ok || said.Before(arrived.Add(-oldest)) || said.After(arrived.Add(newest)) {
		return arrived, false
	}
	if said.Nanosecond() == 0 && said.Equal(arrived.Truncate(time.Second)) {
		return arrived, true
	}
	return said, true
}
