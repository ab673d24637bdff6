package database

import (
	"context"
	"crypto/tls"
	"database/sql/driver"
	"errors"
	"io"
	"net"

	"github.com/go-sql-driver/mysql"
)

// The numbers of MySQL's server error reference that the service tells apart.
const (
	tooManyConnections      = 1040
	databaseDenied          = 1044
	accessDenied            = 1045
	serverShutdown          = 1053
	duplicateEntry          = 1062
	tooManyUserConnections  = 1203
	lockWaitTimeout         = 1205
	deadlock                = 1213
	userLimitReached        = 1226
	optionPreventsStatement = 1290
	queryInterrupted        = 1317
	readOnlyTransaction     = 1792
	readOnlyMode            = 1836
	hookFailed              = 3100
	rolledBackDuringCommit  = 3101
	sessionKilled           = 3169
	idleForTooLong          = 4031
	primaryIsMoving         = 4094
)

// IsUnavailable tells a database that cannot serve from one that serves and
// says no, and from a fault of the program.
func IsUnavailable(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) {
		return false
	}
	var answer *mysql.MySQLError
	if !errors.As(err, &answer) {
		return isBroken(err)
	}
	switch answer.Number {
	case tooManyConnections, databaseDenied, accessDenied, serverShutdown, tooManyUserConnections, userLimitReached,
		optionPreventsStatement, readOnlyTransaction, readOnlyMode,
		// What a member says to those who are connected when it leaves its group or stops.
		queryInterrupted, hookFailed, sessionKilled, idleForTooLong, primaryIsMoving:
		return true
	}
	return false
}

// isBroken tells that there is no connection that works. What is not named here
// is no outage: a value that cannot be scanned would be no better on another
// server, nor later.
func isBroken(err error) bool {
	for _, broken := range []error{
		errNoMember, errNotPrimary, context.DeadlineExceeded,
		driver.ErrBadConn, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed,
		mysql.ErrInvalidConn, mysql.ErrMalformPkt, mysql.ErrPktSync, mysql.ErrPktSyncMul, mysql.ErrBusyBuffer,
		mysql.ErrNoTLS, mysql.ErrOldProtocol, mysql.ErrUnknownPlugin, mysql.ErrNativePassword, mysql.ErrCleartextPassword,
	} {
		if errors.Is(err, broken) {
			return true
		}
	}
	var network net.Error
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	return errors.As(err, &network) || errors.As(err, &certificate) || errors.As(err, &record)
}

// IsAllAway tells that of a group no member takes connections, so that there is
// no next primary to wait for.
func IsAllAway(err error) bool { return errors.Is(err, errSilence) }

// IsUnconnected tells a connection that could not be made, so that nothing was
// asked over it: its server refuses, or a name server lost a question.
func IsUnconnected(err error) bool {
	var network *net.OpError
	return errors.As(err, &network) && network.Op == "dial"
}

// IsDuplicate says that a unique key already has the value.
func IsDuplicate(err error) bool {
	var answer *mysql.MySQLError
	return errors.As(err, &answer) && answer.Number == duplicateEntry
}

// IsSafeToRepeat says that the transaction surely left nothing behind: the
// driver never sent it, the server rolled it back, or it waited too long for a
// row that another one holds and nothing of it was committed. A connection that broke
// underway is not among these, because its commit may have arrived.
func IsSafeToRepeat(err error) bool {
	if errors.Is(err, driver.ErrBadConn) {
		return true
	}
	var answer *mysql.MySQLError
	return errors.As(err, &answer) && (answer.Number == deadlock || answer.Number == lockWaitTimeout || answer.Number == rolledBackDuringCommit)
}
