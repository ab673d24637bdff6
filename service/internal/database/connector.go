package database

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/go-sql-driver/mysql"
)

// headStart is how long the member that is most likely right is tried alone. A
// handshake takes a tenth of it; a member that swallows packets would take the
// whole dial timeout.
const headStart = 300 * time.Millisecond

// errNoMember is an outage whatever the members' reasons were.
var errNoMember = errors.New("no member can be used")

// memberConnector opens a connection to one of several members: to the likely
// one first, and when that fails or takes long, to whichever is ready first.
type memberConnector struct {
	members []string
	// first returns the address to try alone, or "" when nothing is known.
	first func() string
	// locate returns further addresses to try as they are heard of, and closes
	// the channel; nil where there is nobody to ask.
	locate func(context.Context) <-chan string
	// connect opens a connection that is good for use, or says why there is none.
	connect func(ctx context.Context, address string) (driver.Conn, error)
	// connected and failed hear of the outcome of each attempt that was waited for.
	connected func(address string)
	failed    func(address string)
	timeout   time.Duration
}

// Driver is asked by database/sql for nothing but its identity.
func (mc *memberConnector) Driver() driver.Driver { return mysql.MySQLDriver{} }

// Connect returns the first good connection. The error tells what every member
// said; it is an outage whatever the members' reasons were.
func (mc *memberConnector) Connect(ctx context.Context) (driver.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, mc.timeout)
	defer cancel()
	attempts := newAttempts(mc.connect)
	defer attempts.abandon()
	everyone := time.NewTimer(headStart)
	defer everyone.Stop()

	var located <-chan string
	locate := func() {
		if mc.locate != nil {
			located = mc.locate(ctx)
		}
	}
	asked := false
	if first := mc.first(); first != "" {
		attempts.start(ctx, first)
	} else {
		asked = true
		locate()
	}
	var problems []error
	for {
		if attempts.running == 0 && located == nil {
			attempts.start(ctx, mc.members...)
			if attempts.running == 0 {
				return nil, fmt.Errorf("%w: %w", errNoMember, hidden{errors.Join(problems...)})
			}
		}
		select {
		case address, more := <-located:
			if more {
				attempts.start(ctx, address)
			} else {
				located = nil
			}
		case outcome := <-attempts.outcomes:
			attempts.running--
			if outcome.err == nil {
				mc.connected(outcome.address)
				return outcome.connection, nil
			}
			problems = append(problems, fmt.Errorf("%s: %w", outcome.address, outcome.err))
			mc.failed(outcome.address)
			if !asked {
				asked = true
				locate()
			}
		case <-everyone.C:
			attempts.start(ctx, mc.members...)
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w (%w)", errNoMember, ctx.Err(), hidden{errors.Join(problems...)})
		}
	}
}

// hidden keeps the text of an error and not its identity: that one member knows
// no such schema, or refuses a password, is not what the whole group says.
type hidden struct{ err error }

func (h hidden) Error() string {
	if h.err == nil {
		return "nobody answered"
	}
	return h.err.Error()
}

// attempts is a race between connections.
type attempts struct {
	connect  func(ctx context.Context, address string) (driver.Conn, error)
	outcomes chan outcome
	started  map[string]bool
	running  int
}

type outcome struct {
	address    string
	connection driver.Conn
	err        error
}

func newAttempts(connect func(context.Context, string) (driver.Conn, error)) *attempts {
	return &attempts{connect: connect, outcomes: make(chan outcome), started: map[string]bool{}}
}

// start begins with the addresses that were not tried yet.
func (a *attempts) start(ctx context.Context, addresses ...string) {
	for _, address := range addresses {
		if a.started[address] {
			continue
		}
		a.started[address] = true
		a.running++
		go func() {
			connection, err := a.connect(ctx, address)
			a.outcomes <- outcome{address, connection, err}
		}()
	}
}

// abandon closes what comes too late.
func (a *attempts) abandon() {
	running := a.running
	go func() {
		for range running {
			if late := <-a.outcomes; late.err == nil {
				_ = late.connection.Close()
			}
		}
	}()
}
