package database

import (
	"context"
	"database/sql/driver"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/DATA-DOG/go-sqlmock"
	"github.com/go-sql-driver/mysql"
	"go.opentelemetry.io/otel"
	traces "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"gostack.dev/users/internal/configuration"
	"gostack.dev/users/internal/observability"
	"gostack.dev/users/internal/observability/otlptest"
)

// mocked connects to the server that sqlmock plays.
type mocked struct{ played driver.Driver }

func (m mocked) Connect(context.Context) (driver.Conn, error) { return m.played.Open("traces") }

func (m mocked) Driver() driver.Driver { return m.played }

func TestASpanOfAStatementHoldsNoValueEvenWhenMySQLRefusesIt(t *testing.T) {
	const address, statement = "ada@example.com", "INSERT INTO users (email) VALUES (?)"
	receiver := otlptest.Start(t)
	flush, err := observability.StartTracing(t.Context(), configuration.Identity{}, true, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	plain, mock, err := sqlmock.NewWithDSN("traces")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = plain.Close() }()
	mock.ExpectExec("INSERT").WithArgs(address).WillReturnError(&mysql.MySQLError{
		Number: duplicateEntry, Message: "Duplicate entry '" + address + "' for key 'users.email'",
	})
	pool := openPool(configuration.Database{Name: "users"}, "mysql:3306", mocked{plain.Driver()})
	defer func() { _ = pool.Close() }()

	ctx, request := otel.Tracer("test").Start(t.Context(), "request")
	_, err = pool.ExecContext(ctx, statement, address)
	request.End()
	var refusal *mysql.MySQLError
	if !errors.As(err, &refusal) {
		t.Fatalf("not refused: %v", err)
	}
	if err := flush(t.Context()); err != nil {
		t.Fatal(err)
	}

	var found *traces.Span
	for _, span := range receiver.Spans() {
		if text := protojson.Format(span); strings.Contains(text, address) {
			t.Errorf("a value in %s", text)
		}
		if otlptest.Texts(span.GetAttributes())["db.query.text"] == statement {
			found = span
		}
	}
	if found == nil {
		t.Fatalf("no span of the statement in %v", receiver.Spans())
	}
	parent := request.SpanContext().SpanID()
	if found.GetStatus().GetCode() != traces.Status_STATUS_CODE_ERROR ||
		otlptest.Texts(found.GetAttributes())["db.response.status_code"] != "1062" ||
		string(found.GetParentSpanId()) != string(parent[:]) {
		t.Errorf("not a failed child of the request with the error's number: %v", found)
	}
}
