package users

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/DATA-DOG/go-sqlmock"
	"github.com/go-sql-driver/mysql"

	"gostack.dev/users/internal/database"
	"gostack.dev/users/internal/resilience"
)

// slowDisk is a MySQL that answers every statement at once, but a commit only when
// the disk has it. A client that heard nothing for the time of its silence gives up.
type slowDisk struct {
	writtenAt time.Time
	silence   time.Duration
	users     bool
}

func (d *slowDisk) Connect(context.Context) (driver.Conn, error) { return &session{disk: d}, nil }
func (d *slowDisk) Driver() driver.Driver                        { return mysql.MySQLDriver{} }

// pool is one of connections to it, for as long as the test runs.
func (d *slowDisk) pool(t *testing.T, connections int) *sql.DB {
	opened := sql.OpenDB(d)
	opened.SetMaxOpenConns(connections)
	t.Cleanup(func() { _ = opened.Close() })
	return opened
}

// session is a connection to it, and its own transaction.
type session struct {
	driver.Conn
	disk *slowDisk
	gone bool
}

func (s *session) Close() error                                                 { return nil }
func (s *session) IsValid() bool                                                { return !s.gone }
func (s *session) BeginTx(context.Context, driver.TxOptions) (driver.Tx, error) { return s, nil }
func (s *session) Rollback() error                                              { return nil }

func (s *session) Commit() error {
	wait := time.Until(s.disk.writtenAt)
	if wait <= s.disk.silence {
		time.Sleep(wait)
		return nil
	}
	time.Sleep(s.disk.silence)
	s.gone = true
	return mysql.ErrInvalidConn
}

func (s *session) ExecContext(context.Context, string, []driver.NamedValue) (driver.Result, error) {
	return sqlmock.NewResult(1, 1), nil
}

func (s *session) QueryContext(context.Context, string, []driver.NamedValue) (driver.Rows, error) {
	return &oneUser{left: s.disk.users}, nil
}

type oneUser struct{ left bool }

func (*oneUser) Columns() []string { return make([]string, 5) }
func (*oneUser) Close() error      { return nil }
func (u *oneUser) Next(values []driver.Value) error {
	if !u.left {
		return io.EOF
	}
	u.left = false
	copy(values, []driver.Value{int64(1), "Ada", "ada@example.com", instant, instant})
	return nil
}

// The clock of these tests is synctest's: what takes no time on it waited for nothing.
func TestReadsAreAnsweredAtOnceWhileCommitsHang(t *testing.T) {
	const connections, stall, writesPerSecond, readsPerSecond = 10, 30 * time.Second, 20, 20
	for name, test := range map[string]struct {
		silence, deadline time.Duration
		// group has a member that is read from and does not know the user yet, beside a primary that may move.
		group bool
	}{
		"a primary that stays":                      {4 * time.Second, 5 * time.Second, false},
		"a primary that may move":                   {1500 * time.Millisecond, 12 * time.Second, true},
		"a client that waits as long as it may be":  {time.Hour, 5 * time.Second, false},
		"requests that live for less than a second": {4 * time.Second, 800 * time.Millisecond, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				disk := &slowDisk{writtenAt: time.Now().Add(stall), silence: test.silence, users: true}
				primary := disk.pool(t, connections)
				pools := database.Pools{Primary: primary, Replica: primary}
				if test.group {
					pools.Replica = (&slowDisk{}).pool(t, connections)
				}
				repository := NewMySQLRepository(pools, RepositoryOptions{PrimaryMoves: test.group, Fallback: func(string) {}})
				request := func() (context.Context, context.CancelFunc) { return context.WithTimeout(t.Context(), test.deadline) }

				write := func() {
					ctx, cancel := request()
					defer cancel()
					// What sees the disk come back is written.
					if _, _, err := repository.Create(ctx, someInput, "k"); err != nil && !errors.Is(err, ErrUnavailable) {
						t.Errorf("a write: %v", err)
					}
				}
				read := func() {
					ctx, cancel := request()
					defer cancel()
					began := time.Now()
					reading, err := repository.Get(ctx, 1, time.Time{})
					if err != nil || reading.User.ID != 1 || time.Since(began) > 0 {
						t.Errorf("a read: %+v, %v after %s", reading, err, time.Since(began))
					}
				}
				var clients sync.WaitGroup
				for time.Until(disk.writtenAt) > 0 {
					// They come, and fail, at the same moment.
					for range writesPerSecond {
						clients.Go(write)
					}
					for range readsPerSecond {
						clients.Go(read)
						time.Sleep(time.Second / readsPerSecond)
					}
				}
				clients.Wait()

				time.Sleep(3 * time.Second)
				if _, created, err := repository.Create(t.Context(), someInput, "k"); err != nil || !created {
					t.Errorf("with the disk back: %v, %v", created, err)
				}
			})
		})
	}
}

// Reads that go on all the time would hide a breaker that both have in common: each success of theirs begins its count anew.
func TestAReadThatComesAfterNothingButFailedWritesIsAnsweredAtOnce(t *testing.T) {
	for _, moves := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			disk := &slowDisk{writtenAt: time.Now().Add(time.Hour), silence: 4 * time.Second, users: true}
			pool := disk.pool(t, 10)
			repository := NewMySQLRepository(database.Pools{Primary: pool, Replica: pool}, RepositoryOptions{PrimaryMoves: moves})
			repository.pause = func(context.Context) bool { return false }
			const askedBeforeTheBreakerOpens = 5
			for range askedBeforeTheBreakerOpens {
				if err := repository.Delete(t.Context(), 1); !errors.Is(err, errUncertain) {
					t.Fatal(err)
				}
			}
			if err := repository.Delete(t.Context(), 1); !errors.Is(err, resilience.ErrOpen) {
				t.Fatalf("writes are still let through: %v", err)
			}
			began := time.Now()
			reading, err := repository.Get(t.Context(), 1, time.Time{})
			if err != nil || reading.User.ID != 1 || time.Since(began) > 0 {
				t.Errorf("with a primary that may move %v: %+v, %v after %s", moves, reading, err, time.Since(began))
			}
		})
	}
}

func TestReadsOfThePrimaryThatAllFailInOneMomentTakeItFromNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		repository := newBench(t)
		read := func(answer error) error {
			return repository.Query(t.Context(), func(context.Context, *sql.DB) error { return answer })
		}
		for range 20 {
			if err := read(mysql.ErrInvalidConn); !errors.Is(err, mysql.ErrInvalidConn) {
				t.Fatalf("it was not asked: %v", err)
			}
		}
		time.Sleep(lastResortPatience)
		if err := read(mysql.ErrInvalidConn); !errors.Is(err, mysql.ErrInvalidConn) {
			t.Fatalf("it was not asked: %v", err)
		}
		if err := read(nil); !errors.Is(err, resilience.ErrOpen) {
			t.Errorf("nothing but failures for %s, and it is asked again: %v", lastResortPatience, err)
		}
	})
}

func TestAWriteThatFindsNoTurnIsRefusedWithTimeLeftAndNothingWasBegun(t *testing.T) {
	for _, moves := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			disk := &slowDisk{writtenAt: time.Now().Add(time.Minute), silence: time.Hour}
			pool := disk.pool(t, 3)
			repository := NewMySQLRepository(database.Pools{Primary: pool, Replica: pool}, RepositoryOptions{PrimaryMoves: moves})
			var first sync.WaitGroup
			first.Go(func() { _ = repository.Delete(t.Context(), 1) })
			synctest.Wait()

			began := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
			defer cancel()
			_, _, err := repository.Create(ctx, someInput, "")
			if waited := time.Since(began); !errors.Is(err, ErrUnavailable) || errors.Is(err, errUncertain) || waited != 2*time.Second {
				t.Errorf("with a primary that may move %v: %v after %s", moves, err, waited)
			}
			if used := pool.Stats().InUse; used != 1 {
				t.Errorf("%d connections are in use", used)
			}
			first.Wait()
		})
	}
}
