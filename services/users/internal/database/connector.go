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

// errSilence says that not one of all members took a connection: there is none to take over.
var errSilence = fmt.Errorf("%w: none of them is there", errNoMember)

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
func (c *memberConnector) Driver() driver.Driver { return mysql.MySQLDriver{} }

// Connect returns the first good connection. The error tells what every member
// said; it is an outage whatever the members' reasons were.
func (c *memberConnector) Connect(ctx context.Context) (driver.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	race := newAttempts(c.connect)
	defer race.abandon()
	everyone := time.NewTimer(headStart)
	defer everyone.Stop()

	var located <-chan string
	locate := func() {
		if c.locate != nil {
			located = c.locate(ctx)
		}
	}
	asked := false
	if first := c.first(); first != "" {
		race.start(ctx, first)
	} else {
		asked = true
		locate()
	}
	var problems []error
	reason := errSilence
	for {
		if race.running == 0 && located == nil {
			race.start(ctx, c.members...)
			if race.running == 0 {
				return nil, fmt.Errorf("%w: %w", reason, hidden{errors.Join(problems...)})
			}
		}
		select {
		case address, more := <-located:
			if more {
				race.start(ctx, address)
			} else {
				located = nil
			}
		case ended := <-race.outcomes:
			race.running--
			if ended.err == nil {
				c.connected(ended.address)
				return ended.connection, nil
			}
			if !IsUnconnected(ended.err) {
				reason = errNoMember
			}
			problems = append(problems, fmt.Errorf("%s: %w", ended.address, ended.err))
			c.failed(ended.address)
			if !asked {
				asked = true
				locate()
			}
		case <-everyone.C:
			race.start(ctx, c.members...)
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
