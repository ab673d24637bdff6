package users

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/DATA-DOG/go-sqlmock"
	"github.com/go-sql-driver/mysql"

	"gostack.dev/users/internal/configuration"
	"gostack.dev/users/internal/database"
	"gostack.dev/users/internal/resilience"
)

// newGroupBench is a repository whose primary may move. A request has time for
// the given number of pauses.
func newGroupBench(t *testing.T, pauses int) (bench *repositoryBench, paused func() int) {
	t.Helper()
	bench = newBenchWith(t, RepositoryOptions{PrimaryMoves: true})
	count := 0
	bench.pause = func(context.Context) bool {
		count++
		return count <= pauses
	}
	return bench, func() int { return count }
}

func (b *repositoryBench) expectFirstInsert() {
	b.primary.ExpectBegin()
	b.primary.ExpectExec(insertKey).WillReturnResult(sqlmock.NewResult(0, 1))
	b.primary.ExpectExec(insertUser).WillReturnResult(sqlmock.NewResult(42, 1))
	b.primary.ExpectExec(updateKey).WillReturnResult(sqlmock.NewResult(0, 1))
}

func TestAWriteWaitsForTheNextPrimaryWhereNothingCanBeLeftOfTheFirstAttempt(t *testing.T) {
	for name, fail := range map[string]func(sqlmock.Sqlmock){
		"nobody takes connections": func(primary sqlmock.Sqlmock) { primary.ExpectBegin().WillReturnError(errBroken) },
		"it broke before the commit": func(primary sqlmock.Sqlmock) {
			primary.ExpectBegin()
			primary.ExpectExec(insertUser).WillReturnError(mysql.ErrInvalidConn)
			primary.ExpectRollback()
		},
		"the group refused the commit": func(primary sqlmock.Sqlmock) {
			for range transactionAttempts {
				primary.ExpectBegin()
				primary.ExpectExec(insertUser).WillReturnResult(sqlmock.NewResult(1, 1))
				primary.ExpectCommit().WillReturnError(&mysql.MySQLError{Number: 3101})
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			bench, paused := newGroupBench(t, 9)
			fail(bench.primary)
			bench.primary.ExpectBegin()
			bench.primary.ExpectExec(insertUser).WillReturnResult(sqlmock.NewResult(42, 1))
			bench.primary.ExpectCommit()
			user, created, err := bench.Create(t.Context(), someInput, "")
			if err != nil || !created || user.ID != 42 || paused() != 1 {
				t.Errorf("%+v, %v, %v after %d pauses", user, created, err, paused())
			}
		})
	}
}

func TestACommitThatMayHaveArrivedIsRepeatedWithAKeyAndMakesOneUser(t *testing.T) {
	t.Run("it had arrived", func(t *testing.T) {
		bench, _ := newGroupBench(t, 9)
		bench.expectFirstInsert()
		bench.primary.ExpectCommit().WillReturnError(mysql.ErrInvalidConn)
		bench.primary.ExpectBegin()
		bench.primary.ExpectExec(insertKey).WillReturnError(errTwice)
		bench.primary.ExpectRollback()
		bench.primary.ExpectQuery(selectKey).WillReturnRows(sqlmock.NewRows([]string{"h", "u"}).AddRow(fingerprint(someInput), 42))
		bench.primary.ExpectQuery(selectUser).WithArgs(42).WillReturnRows(row(42))
		if user, created, err := bench.Create(t.Context(), someInput, "k"); err != nil || created || user.ID != 42 {
			t.Errorf("%+v, %v, %v", user, created, err)
		}
	})
	t.Run("it had not", func(t *testing.T) {
		bench, _ := newGroupBench(t, 9)
		bench.expectFirstInsert()
		bench.primary.ExpectCommit().WillReturnError(mysql.ErrInvalidConn)
		bench.expectFirstInsert()
		bench.primary.ExpectCommit()
		if user, created, err := bench.Create(t.Context(), someInput, "k"); err != nil || !created || user.ID != 42 {
			t.Errorf("%+v, %v, %v", user, created, err)
		}
	})
	t.Run("it had arrived and the key is asked of a member without it", func(t *testing.T) {
		bench, _ := newGroupBench(t, 9)
		names := []string{"h", "u"}
		for _, rows := range []*sqlmock.Rows{sqlmock.NewRows(names), sqlmock.NewRows(names).AddRow(fingerprint(someInput), 42)} {
			bench.primary.ExpectBegin()
			bench.primary.ExpectExec(insertKey).WillReturnError(errTwice)
			bench.primary.ExpectRollback()
			bench.primary.ExpectQuery(selectKey).WillReturnRows(rows)
		}
		bench.primary.ExpectQuery(selectUser).WillReturnRows(row(42))
		if user, _, err := bench.Create(t.Context(), someInput, "k"); err != nil || user.ID != 42 {
			t.Errorf("%+v, %v", user, err)
		}
	})
}

func TestACommitThatMayHaveArrivedIsNotRepeatedWithoutAKey(t *testing.T) {
	bench, paused := newGroupBench(t, 9)
	bench.primary.ExpectBegin()
	bench.primary.ExpectExec(insertUser).WillReturnResult(sqlmock.NewResult(1, 1))
	bench.primary.ExpectCommit().WillReturnError(mysql.ErrInvalidConn)
	if _, _, err := bench.Create(t.Context(), someInput, ""); !errors.Is(err, ErrUnavailable) || paused() != 0 {
		t.Errorf("%v after %d pauses", err, paused())
	}
}

func TestUpdatesAndDeletesAreRepeatedBecauseTwiceIsAsGoodAsOnce(t *testing.T) {
	t.Run("an update", func(t *testing.T) {
		bench, _ := newGroupBench(t, 9)
		for _, result := range []error{mysql.ErrInvalidConn, nil} {
			bench.primary.ExpectBegin()
			bench.primary.ExpectExec(updateUser).WillReturnResult(sqlmock.NewResult(0, 1))
			bench.primary.ExpectQuery(selectUser).WillReturnRows(row(1))
			bench.primary.ExpectCommit().WillReturnError(result)
		}
		if user, err := bench.Update(t.Context(), 1, someInput); err != nil || user.ID != 1 {
			t.Errorf("%+v, %v", user, err)
		}
	})
	t.Run("a delete whose first commit had arrived", func(t *testing.T) {
		bench, _ := newGroupBench(t, 9)
		bench.primary.ExpectBegin()
		bench.primary.ExpectExec(deleteUser).WillReturnResult(sqlmock.NewResult(0, 1))
		bench.primary.ExpectCommit().WillReturnError(mysql.ErrInvalidConn)
		bench.primary.ExpectBegin()
		bench.primary.ExpectExec(deleteUser).WillReturnResult(sqlmock.NewResult(0, 0))
		bench.primary.ExpectRollback()
		if err := bench.Delete(t.Context(), 1); err != nil {
			t.Error(err)
		}
	})
	t.Run("a delete of somebody who was never there", func(t *testing.T) {
		bench, _ := newGroupBench(t, 9)
		bench.primary.ExpectBegin().WillReturnError(errBroken)
		bench.primary.ExpectBegin()
		bench.primary.ExpectExec(deleteUser).WillReturnResult(sqlmock.NewResult(0, 0))
		bench.primary.ExpectRollback()
		if err := bench.Delete(t.Context(), 1); !errors.Is(err, ErrNotFound) {
			t.Error(err)
		}
	})
}

func TestAReadThatNeedsThePrimaryWaitsForItToo(t *testing.T) {
	bench, _ := newGroupBench(t, 9)
	bench.replica.ExpectQuery(selectUser).WillReturnRows(emptyRows())
	bench.primary.ExpectQuery(selectUser).WillReturnError(errBroken)
	bench.primary.ExpectQuery(selectUser).WillReturnRows(row(1))
	if user, err := bench.get(t.Context(), 1); err != nil || user.ID != 1 {
		t.Errorf("%+v, %v", user, err)
	}
}

func TestAnAnswerIsNotAReasonToWait(t *testing.T) {
	bench, paused := newGroupBench(t, 9)
	bench.primary.ExpectBegin()
	bench.primary.ExpectExec(insertUser).WillReturnError(errTwice)
	bench.primary.ExpectRollback()
	if _, _, err := bench.Create(t.Context(), someInput, ""); !errors.Is(err, ErrEmailTaken) || paused() != 0 {
		t.Errorf("%v after %d pauses", err, paused())
	}
}

func TestWhenThePrimaryStaysAwayTheRequestEndsWithItsDeadline(t *testing.T) {
	const pauses = 2
	bench, paused := newGroupBench(t, pauses)
	for range pauses + 1 {
		bench.primary.ExpectBegin().WillReturnError(errBroken)
	}
	if err := bench.Delete(t.Context(), 1); !errors.Is(err, ErrUnavailable) || paused() != pauses+1 {
		t.Errorf("%v after %d pauses", err, paused())
	}
}

func TestARequestThatMeetsAnOpenBreakerWaitsUntilItClosesAndIsServed(t *testing.T) {
	bench, _ := newGroupBench(t, 0)
	bench.pause = func(ctx context.Context) bool { time.Sleep(time.Millisecond); return ctx.Err() == nil }
	for range 5 {
		_ = bench.writeBreaker.Do(t.Context(), func(context.Context) error { return errBroken })
	}
	if err := bench.writeBreaker.Do(t.Context(), func(context.Context) error { return nil }); !errors.Is(err, resilience.ErrOpen) {
		t.Fatalf("the breaker is not open: %v", err)
	}
	bench.primary.ExpectBegin()
	bench.primary.ExpectExec(deleteUser).WillReturnResult(sqlmock.NewResult(0, 1))
	bench.primary.ExpectCommit()
	if err := bench.Delete(t.Context(), 1); err != nil {
		t.Error(err)
	}
}

func TestThePauseEndsWithTheRequest(t *testing.T) {
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	soon, done := context.WithTimeout(t.Context(), time.Millisecond)
	defer done()
	if pauseForFailover(cancelled) || pauseForFailover(soon) {
		t.Error("it waited for a request that is over")
	}
	if !pauseForFailover(t.Context()) {
		t.Error("it gave up although there is time")
	}
}

func TestAPrimaryThatCannotMoveIsDialledAFewTimes(t *testing.T) {
	for failures, served := range map[int]bool{connectAttempts - 1: true, connectAttempts: false} {
		bench := newBenchWith(t, RepositoryOptions{})
		bench.pause = func(context.Context) bool { return true }
		for range failures {
			bench.primary.ExpectBegin().WillReturnError(&net.OpError{Op: "dial", Err: &net.DNSError{IsTimeout: true}})
		}
		if served {
			bench.primary.ExpectBegin()
			bench.primary.ExpectExec(insertUser).WillReturnResult(sqlmock.NewResult(42, 1))
			bench.primary.ExpectCommit()
		}
		_, created, err := bench.Create(t.Context(), someInput, "")
		if created != served || errors.Is(err, ErrUnavailable) == served {
			t.Errorf("%d failures: created %v, %v", failures, created, err)
		}
	}
}

func TestNobodyWaitsForAPrimaryWhileNoMemberIsThere(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refusing := listener.Addr().String()
	_ = listener.Close()
	settings := configuration.Database{
		PrimaryAddress: refusing, ReplicaAddress: refusing, MemberAddresses: []string{refusing},
		Name: "users", User: "test", DialTimeout: time.Second, ReadTimeout: time.Second, WriteTimeout: time.Second,
		MaximumOpenConnections: 2,
	}
	pools, err := database.Open(settings, configuration.Consul{}, slog.New(slog.DiscardHandler), func() {})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = pools.Close() }()
	repository := NewMySQLRepository(pools, RepositoryOptions{PrimaryMoves: true, Fallback: func(string) {}})
	repository.pause = func(context.Context) bool {
		t.Error("it waits for the next primary")
		return false
	}
	for range 20 {
		if _, _, err := repository.Create(t.Context(), someInput, "key"); !errors.Is(err, ErrUnavailable) {
			t.Error(err)
		}
		if _, err := repository.List(t.Context(), Window{Limit: 1}); !errors.Is(err, ErrUnavailable) {
			t.Error(err)
		}
	}
}
