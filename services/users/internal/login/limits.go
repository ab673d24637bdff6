package login

import (
	"net/netip"
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/time/rate"
)

// remembered is of how many accounts or addresses an instance knows how often they have tried.
const remembered = 20_000

// limit lets each of many try so often in a minute.
type limit struct {
	perMinute int
	buckets   *otter.Cache[string, *rate.Limiter]
}

func newLimit(perMinute int) (*limit, error) {
	buckets, err := otter.New(&otter.Options[string, *rate.Limiter]{
		MaximumSize: remembered,
		// After a minute a bucket is as full as a new one.
		ExpiryCalculator: otter.ExpiryAccessing[string, *rate.Limiter](time.Minute),
	})
	return &limit{perMinute, buckets}, err
}

// allow counts a try, and tells after how many seconds there may be another where this one is too many.
func (l *limit) allow(who string) (allowed bool, retryAfterSeconds int) {
	pause := time.Minute / time.Duration(l.perMinute)
	bucket, _ := l.buckets.SetIfAbsent(who, rate.NewLimiter(rate.Every(pause), l.perMinute))
	return bucket.Allow(), int(pause/time.Second) + 1
}

// network is whoever has an address: with IPv6 everybody has 64 bits of them. All who have none that can be read are one.
func network(address string) string {
	found, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	if found = found.Unmap(); found.Is4() {
		return found.String()
	}
	prefix, _ := found.WithZone("").Prefix(64)
	return prefix.String()
}
