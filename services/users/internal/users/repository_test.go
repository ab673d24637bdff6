package users

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/DATA-DOG/go-sqlmock"
	"github.com/go-sql-driver/mysql"

	"gostack.dev/users/internal/database"
)

var (
	instant     = time.Date(2030, 1, 2, 3, 4, 5, 6000, time.UTC)
	errBroken   = &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	errTwice    = &mysql.MySQLError{Number: 1062}
	errDeadlock = &mysql.MySQLError{Number: 1213}
	someInput   = Input{Name: "Ada", Email: "ada@example.com"}
)

const (
	selectUser = "SELECT id, name, email, created_at, updated_at FROM users WHERE id = ?"
	insertUser = "INSERT INTO users (name, email, created_at, updated_at) VALUES (?, ?, ?, ?)"
	insertKey  = "INSERT INTO idempotency_keys (idempotency_key, request_hash, user_id, created_at) VALUES (?, ?, 0, ?)"
	updateKey  = "UPDATE idempotency_keys SET user_id = ? WHERE idempotency_key = ?"
	selectKey  = "SELECT request_hash, user_id FROM idempotency_keys WHERE idempotency_key = ?"
	updateUser = "UPDATE users SET name = ?, email = ?, updated_at = GREATEST(CAST(? AS DATETIME(6)), updated_at + INTERVAL 1 MICROSECOND) WHERE id = ?"
	forgetKeys = "DELETE FROM idempotency_keys WHERE created_at < ? ORDER BY created_at LIMIT ?"
	deleteUser = "DELETE FROM users WHERE id = ?"
)

type repositoryBench struct {
	*MySQLRepository
	primary, replica sqlmock.Sqlmock
	fallbacks        []string
}

func newBench(t *testing.T) *repositoryBench { return newBenchWith(t, RepositoryOptions{}) }

func newBenchWith(t *testing.T, options RepositoryOptions) *repositoryBench {
	t.Helper()
	open := func() (*sql.DB, sqlmock.Sqlmock) {
		pool, mock, err := sqlmock.New(sqlmock.QueryMatcherOption(sqlmock.QueryMatcherEqual))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := mock.ExpectationsWereMet(); err != nil {
				t.Error(err)
			}
			_ = pool.Close()
		})
		return pool, mock
	}
	bench := &repositoryBench{}
	var pools database.Pools
	pools.Primary, bench.primary = open()
	pools.Replica, bench.replica = open()
	options.Fallback = func(reason string) { bench.fallbacks = append(bench.fallbacks, reason) }
	bench.MySQLRepository = NewMySQLRepository(pools, options)
	bench.now = func() time.Time { return instant }
	return bench
}

func (b *repositoryBench) get(ctx context.Context, id uint64) (User, error) {
	reading, err := b.Get(ctx, id, time.Time{})
	return reading.User, err
}

func row(id uint64) *sqlmock.Rows {
	return emptyRows().AddRow(id, someInput.Name, someInput.Email, instant, instant)
}

func emptyRows() *sqlmock.Rows {
	return sqlmock.NewRows([]string{"id", "name", "email", "created_at", "updated_at"})
}

func TestReadsGoToTheReplicaOnly(t *testing.T) {
	bench := newBench(t)
	bench.replica.ExpectQuery(selectUser).WithArgs(1).WillReturnRows(row(1))
	user, err := bench.get(t.Context(), 1)
	if err != nil || user.ID != 1 || !user.CreatedAt.Equal(instant) || len(bench.fallbacks) != 0 {
		t.Errorf("%+v, %v, %v", user, err, bench.fallbacks)
	}
}

func TestAUserTooNewForTheReplicaIsFoundAtThePrimary(t *testing.T) {
	bench := newBench(t)
	bench.replica.ExpectQuery(selectUser).WillReturnRows(emptyRows())
	bench.primary.ExpectQuery(selectUser).WillReturnRows(row(1))
	user, err := bench.get(t.Context(), 1)
	if err != nil || user.ID != 1 || len(bench.fallbacks) != 1 || bench.fallbacks[0] != "not_found" {
		t.Errorf("%+v, %v, %v", user, err, bench.fallbacks)
	}
}

func TestAUserOlderThanTheCallerHasSeenIsAskedOfThePrimary(t *testing.T) {
	bench := newBench(t)
	bench.replica.ExpectQuery(selectUser).WillReturnRows(emptyRows().AddRow(1, "old", someInput.Email, instant, instant.Add(-time.Second)))
	bench.primary.ExpectQuery(selectUser).WillReturnRows(row(1))
	reading, err := bench.Get(t.Context(), 1, instant)
	if err != nil || reading.User.Name != someInput.Name || len(bench.fallbacks) != 1 || bench.fallbacks[0] != "too_old" {
		t.Errorf("%+v, %v, %v", reading, err, bench.fallbacks)
	}
}

func TestAUserWhomNeitherHasIsNotFound(t *testing.T) {
	bench := newBench(t)
	bench.replica.ExpectQuery(selectUser).WillReturnRows(emptyRows())
	bench.primary.ExpectQuery(selectUser).WillReturnRows(emptyRows())
	if _, err := bench.get(t.Context(), 1); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}

func TestAUserIsNotCalledMissingWhileThePrimaryCannotBeAsked(t *testing.T) {
	bench := newBench(t)
	bench.replica.ExpectQuery(selectUser).WillReturnRows(emptyRows())
	for range connectAttempts {
		bench.primary.ExpectQuery(selectUser).WillReturnError(errBroken)
	}
	if _, err := bench.get(t.Context(), 1); !errors.Is(err, ErrUnavailable) {
		t.Error(err)
	}
}

func TestReadsFallBackToThePrimaryAndStopAskingABrokenReplica(t *testing.T) {
	bench := newBench(t)
	const askedBeforeTheBreakerOpens, reads = 5, 8
	for range askedBeforeTheBreakerOpens {
		bench.replica.ExpectQuery(selectUser).WillReturnError(errBroken)
	}
	for range reads {
		bench.primary.ExpectQuery(selectUser).WillReturnRows(row(1))
	}
	for range reads {
		if _, err := bench.get(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
	}
	if len(bench.fallbacks) != reads {
		t.Errorf("fallbacks %v", bench.fallbacks)
	}
}

func TestAListFallsBackAsAWhole(t *testing.T) {
	bench := newBench(t)
	count := "SELECT COUNT(*) FROM (SELECT 1 FROM users LIMIT ?) AS counted"
	part := "SELECT id, name, email, created_at, updated_at FROM users WHERE id > ? ORDER BY id LIMIT ? OFFSET ?"
	bench.replica.ExpectQuery(count).WillReturnRows(sqlmock.NewRows([]string{"n"}).AddRow(99))
	bench.replica.ExpectQuery(part).WillReturnError(errBroken)
	bench.primary.ExpectQuery(count).WillReturnRows(sqlmock.NewRows([]string{"n"}).AddRow(7))
	bench.primary.ExpectQuery(part).WithArgs(0, 3, 4).WillReturnRows(row(5).AddRow(6, "Bob", "bob@example.com", instant, instant))
	page, err := bench.List(t.Context(), Window{Offset: 4, Limit: 2, Counted: true})
	if err != nil || page.Total != 7 || page.More || len(page.Users) != 2 || page.Users[1].Name != "Bob" {
		t.Errorf("%+v, %v", page, err)
	}
}

func TestAPartBehindAUserIsNotCountedAndKnowsWhetherThereIsMore(t *testing.T) {
	bench := newBench(t)
	part := "SELECT id, name, email, created_at, updated_at FROM users WHERE id > ? ORDER BY id LIMIT ? OFFSET ?"
	bench.replica.ExpectQuery(part).WithArgs(4, 2, 0).WillReturnRows(row(5).AddRow(6, "Bob", "bob@example.com", instant, instant))
	page, err := bench.List(t.Context(), Window{After: 4, Limit: 1})
	if err != nil || !page.More || len(page.Users) != 1 || page.Users[0].ID != 5 {
		t.Errorf("%+v, %v", page, err)
	}
}

func TestABrokenPrimaryMakesWritesUnavailableAndIsLeftAloneForAWhile(t *testing.T) {
	bench := newBench(t)
	const askedBeforeTheBreakerOpens = 5
	for range askedBeforeTheBreakerOpens {
		bench.primary.ExpectBegin().WillReturnError(errBroken)
	}
	for range askedBeforeTheBreakerOpens + 2 {
		if err := bench.Delete(t.Context(), 1); !errors.Is(err, ErrUnavailable) {
			t.Fatal(err)
		}
	}
}

func TestTheKeyAndTheUserAreStoredTogether(t *testing.T) {
	bench := newBench(t)
	bench.primary.ExpectBegin()
	bench.primary.ExpectExec(insertKey).WithArgs("k", fingerprint(someInput), instant).WillReturnResult(sqlmock.NewResult(0, 1))
	bench.primary.ExpectExec(insertUser).WithArgs("Ada", "ada@example.com", instant, instant).WillReturnResult(sqlmock.NewResult(42, 1))
	bench.primary.ExpectExec(updateKey).WithArgs(42, "k").WillReturnResult(sqlmock.NewResult(0, 1))
	bench.primary.ExpectCommit()
	user, created, err := bench.Create(t.Context(), someInput, "k")
	if err != nil || !created || user != (User{42, "Ada", "ada@example.com", instant, instant}) {
		t.Errorf("%+v, %v, %v", user, created, err)
	}
}

func TestARepeatedKeyReturnsTheFirstUserAndInsertsNothing(t *testing.T) {
	for name, test := range map[string]struct {
		hash     []byte
		found    *sqlmock.Rows
		expected error
	}{
		"the same body":         {fingerprint(someInput), row(42), nil},
		"a user deleted since":  {fingerprint(someInput), emptyRows(), ErrOriginalGone},
		"another body is a lie": {fingerprint(Input{Name: "Bob"}), nil, ErrKeyReused},
	} {
		t.Run(name, func(t *testing.T) {
			bench := newBench(t)
			bench.primary.ExpectBegin()
			bench.primary.ExpectExec(insertKey).WillReturnError(errTwice)
			bench.primary.ExpectRollback()
			bench.primary.ExpectQuery(selectKey).WithArgs("k").WillReturnRows(sqlmock.NewRows([]string{"h", "u"}).AddRow(test.hash, 42))
			if test.found != nil {
				bench.primary.ExpectQuery(selectUser).WithArgs(42).WillReturnRows(test.found)
			}
			user, created, err := bench.Create(t.Context(), someInput, "k")
			if !errors.Is(err, test.expected) || created || (err == nil && user.ID != 42) {
				t.Errorf("%+v, %v, %v", user, created, err)
			}
		})
	}
}

func TestATakenEMailLeavesNoKeyBehind(t *testing.T) {
	bench := newBench(t)
	bench.primary.ExpectBegin()
	bench.primary.ExpectExec(insertKey).WillReturnResult(sqlmock.NewResult(0, 1))
	bench.primary.ExpectExec(insertUser).WillReturnError(errTwice)
	bench.primary.ExpectRollback()
	if _, _, err := bench.Create(t.Context(), someInput, "k"); !errors.Is(err, ErrEmailTaken) {
		t.Error(err)
	}
}

func TestADeadlockOrAnOldPrimaryIsTriedAgain(t *testing.T) {
	for name, first := range map[string]error{"a deadlock": errDeadlock, "an old primary": driver.ErrBadConn} {
		t.Run(name, func(t *testing.T) {
			bench := newBench(t)
			bench.primary.ExpectBegin()
			bench.primary.ExpectExec(insertUser).WillReturnError(first)
			bench.primary.ExpectRollback()
			bench.primary.ExpectBegin()
			bench.primary.ExpectExec(insertUser).WillReturnResult(sqlmock.NewResult(1, 1))
			bench.primary.ExpectCommit()
			if _, created, err := bench.Create(t.Context(), someInput, ""); err != nil || !created {
				t.Errorf("%v, %v", created, err)
			}
		})
	}
}

func TestACommitThatMayHaveArrivedIsNotRepeated(t *testing.T) {
	bench := newBench(t)
	bench.primary.ExpectBegin()
	bench.primary.ExpectExec(insertUser).WillReturnResult(sqlmock.NewResult(1, 1))
	bench.primary.ExpectCommit().WillReturnError(mysql.ErrInvalidConn)
	if _, _, err := bench.Create(t.Context(), someInput, ""); !errors.Is(err, ErrUnavailable) {
		t.Error(err)
	}
}

func TestAnUpdateReturnsWhatIsStored(t *testing.T) {
	bench := newBench(t)
	bench.primary.ExpectBegin()
	bench.primary.ExpectExec(updateUser).WithArgs("Ada", "ada@example.com", instant, 1).WillReturnResult(sqlmock.NewResult(0, 1))
	bench.primary.ExpectQuery(selectUser).WillReturnRows(row(1))
	bench.primary.ExpectCommit()
	if user, err := bench.Update(t.Context(), 1, someInput); err != nil || user.ID != 1 {
		t.Errorf("%+v, %v", user, err)
	}
}

func TestWritesToAMissingUserSaySo(t *testing.T) {
	bench := newBench(t)
	for _, statement := range []string{updateUser, deleteUser} {
		bench.primary.ExpectBegin()
		bench.primary.ExpectExec(statement).WillReturnResult(sqlmock.NewResult(0, 0))
		bench.primary.ExpectRollback()
	}
	if _, err := bench.Update(t.Context(), 1, someInput); !errors.Is(err, ErrNotFound) {
		t.Errorf("update: %v", err)
	}
	if err := bench.Delete(t.Context(), 1); !errors.Is(err, ErrNotFound) {
		t.Errorf("delete: %v", err)
	}
}

func TestOldKeysAreForgottenInBoundedSteps(t *testing.T) {
	bench := newBench(t)
	statement := "DELETE FROM idempotency_keys WHERE created_at < ? ORDER BY created_at LIMIT ?"
	bench.primary.ExpectExec(statement).WithArgs(instant.Add(-time.Hour), 1000).WillReturnResult(sqlmock.NewResult(0, 1000))
	bench.primary.ExpectExec(statement).WillReturnResult(sqlmock.NewResult(0, 3))
	if forgotten, err := bench.ForgetKeys(t.Context(), time.Hour); err != nil || forgotten != 1003 {
		t.Errorf("%d, %v", forgotten, err)
	}
}

func TestAFaultOfTheProgramIsNoOutage(t *testing.T) {
	bench := newBench(t)
	wrong := sqlmock.NewRows([]string{"id", "name", "email", "created_at", "updated_at"}).AddRow("one", "Ada", "ada@example.com", instant, instant)
	for range 9 {
		bench.replica.ExpectQuery(selectUser).WillReturnRows(wrong)
		bench.primary.ExpectQuery(selectUser).WillReturnRows(wrong)
		if _, err := bench.get(t.Context(), 1); err == nil || errors.Is(err, ErrUnavailable) {
			t.Fatalf("got %v", err)
		}
	}
}

func TestWritersOfOneRowDoNotTakeThePrimaryFromAllOthers(t *testing.T) {
	waited := &mysql.MySQLError{Number: 1205}
	bench := newBench(t)
	for range 9 {
		for range transactionAttempts {
			bench.primary.ExpectBegin()
			bench.primary.ExpectExec(updateUser).WillReturnError(waited)
			bench.primary.ExpectRollback()
		}
		if _, err := bench.Update(t.Context(), 1, someInput); !errors.Is(err, ErrUnavailable) {
			t.Fatalf("got %v", err)
		}
	}
	for range 9 {
		slow, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
		bench.primary.ExpectExec(forgetKeys).WillDelayFor(time.Minute).WillReturnResult(sqlmock.NewResult(0, 1))
		if _, err := bench.ForgetKeys(slow, time.Hour); !errors.Is(err, ErrUnavailable) {
			t.Fatalf("got %v", err)
		}
		cancel()
	}
	bench.primary.ExpectBegin()
	bench.primary.ExpectExec(deleteUser).WillReturnResult(sqlmock.NewResult(0, 1))
	bench.primary.ExpectCommit()
	if err := bench.Delete(t.Context(), 2); err != nil {
		t.Errorf("another row: %v", err)
	}
}

func TestAPasswordIsWrittenWithItsUserAndIsNoPartOfWhatIsRemembered(t *testing.T) {
	bench := newBench(t)
	input := someInput
	input.PasswordHash = "$argon2id$"
	bench.primary.ExpectBegin()
	bench.primary.ExpectExec(insertKey).WithArgs("k", fingerprint(someInput), instant).WillReturnResult(sqlmock.NewResult(0, 1))
	bench.primary.ExpectExec(insertUser).WillReturnResult(sqlmock.NewResult(7, 1))
	bench.primary.ExpectExec("INSERT INTO passwords (user_id, hash) VALUES (?, ?)").WithArgs(7, "$argon2id$").WillReturnResult(sqlmock.NewResult(0, 1))
	bench.primary.ExpectExec(updateKey).WithArgs(7, "k").WillReturnResult(sqlmock.NewResult(0, 1))
	bench.primary.ExpectCommit()
	if user, created, err := bench.Create(t.Context(), input, "k"); err != nil || !created || user.ID != 7 {
		t.Errorf("%+v, %v, %v", user, created, err)
	}
}
