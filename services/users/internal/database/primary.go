package database

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
)

// errNotPrimary says that a member answers and takes no writes.
var errNotPrimary = errors.New("it is read-only")

// primary remembers which member took writes last. It is only a hint: every new
// connection is asked whether its member is writable, so that an old answer can
// cost a round trip and never a write on the wrong member.
type primary struct {
	mutex sync.Mutex
	// trusted is tried first; it is empty after a connection to it failed.
	trusted string
	// last is the one that was heard of last, to tell a change from a new connection.
	last    string
	logger  *slog.Logger
	changed func()
}

func (p *primary) address() string {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.trusted
}

func (p *primary) found(address string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.trusted = address
	if p.last == address {
		return
	}
	if p.last == "" {
		p.logger.Info("the MySQL primary was found", "address", address)
	} else {
		p.logger.Warn("the MySQL primary changed", "address", address, "before", p.last)
		p.changed()
	}
	p.last = address
}

// forget makes the next connection look for the primary anew.
func (p *primary) forget(address string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.trusted == address {
		p.trusted = ""
	}
}

// writable refuses a connection to a member that takes no writes.
func writable(ctx context.Context, connection driver.QueryerContext) error {
	rows, err := connection.QueryContext(ctx, "SELECT @@global.super_read_only", nil)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	row := make([]driver.Value, 1)
	if err := rows.Next(row); err != nil {
		return err
	}
	text := fmt.Sprint(row[0])
	if bytes, isText := row[0].([]byte); isText {
		text = string(bytes)
	}
	if strings.TrimSpace(text) != "0" {
		return errNotPrimary
	}
	return nil
}

// driverConnection is what the MySQL driver's connections can do; a wrapper that
// did less would make database/sql take slower ways.
type driverConnection interface {
	driver.Conn
	driver.Pinger
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.NamedValueChecker
	driver.SessionResetter
	driver.Validator
}

// primaryConnection belongs to a pool of connections to a primary that may move.
type primaryConnection struct {
	driverConnection
	address string
	primary *primary
}

// ResetSession is called before a pooled connection is used again: one to a
// member that is no longer the primary leaves the pool here, before a request
// is lost to it.
func (pc *primaryConnection) ResetSession(ctx context.Context) error {
	if now := pc.primary.address(); now != "" && now != pc.address {
		return driver.ErrBadConn
	}
	return pc.driverConnection.ResetSession(ctx)
}

// Close notices connections that broke: their member may be gone.
func (pc *primaryConnection) Close() error {
	if !pc.IsValid() {
		pc.primary.forget(pc.address)
	}
	return pc.driverConnection.Close()
}
