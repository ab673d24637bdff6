package resilience

import (
	"math"

	"golang.org/x/time/rate"
)

// Limiter is a token bucket whose size can change while it is in use.
type Limiter struct {
	bucket *rate.Limiter
}

// NewLimiter returns a limiter that refuses nothing until it is set.
func NewLimiter() *Limiter {
	return &Limiter{bucket: rate.NewLimiter(rate.Inf, 1)}
}

// Set changes the limit; zero requests per second turns the limiter off. A
// burst of zero means one second's worth, because a bucket that holds nothing
// would refuse every request.
func (l *Limiter) Set(perSecond float64, burst int) {
	if perSecond <= 0 {
		l.bucket.SetLimit(rate.Inf)
		return
	}
	if burst <= 0 {
		burst = max(1, int(math.Ceil(perSecond)))
	}
	l.bucket.SetBurst(burst)
	l.bucket.SetLimit(rate.Limit(perSecond))
}

// Allow takes one token if there is one.
func (l *Limiter) Allow() bool { return l.bucket.Allow() }
