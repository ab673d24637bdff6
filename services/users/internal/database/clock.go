package database

import "time"

// Now returns the time as MySQL keeps it, in microseconds: what is answered now must equal what is read later.
func Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
