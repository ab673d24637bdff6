package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/DATA-DOG/go-sqlmock"
	"github.com/golang-jwt/jwt/v5"
	"github.com/labstack/echo/v4"
	"golang.org/x/crypto/bcrypt"
	"gorm.io/driver/mysql"
	"gorm.io/gorm"
)

var key = []byte("a key of the tests")

// started is the service without a database: each test says which statements it expects.
func started(t *testing.T) (*echo.Echo, sqlmock.Sqlmock) {
	t.Helper()
	pool, mock, err := sqlmock.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	db, err := gorm.Open(mysql.New(mysql.Config{Conn: pool, SkipInitializeWithVersion: true}))
	if err != nil {
		t.Fatal(err)
	}
	return newServer(db, config{Greeting: "Good morning", TokenLifetime: time.Minute}, key), mock
}

func ask(e *echo.Echo, method, path, token, body string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(method, path, strings.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+token)
	response := httptest.NewRecorder()
	e.ServeHTTP(response, request)
	return response
}

func TestTheTokenOfALoginOpensTheNotes(t *testing.T) {
	e, mock := started(t)
	hash, err := bcrypt.GenerateFromPassword([]byte("correct horse"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		rows := sqlmock.NewRows([]string{"name", "password"}).AddRow("ada", hash)
		mock.ExpectQuery("SELECT .* FROM `users`").WillReturnRows(rows)
	}
	if got := ask(e, "POST", "/login", "", `{"name": "ada", "password": "wrong horse"}`); got.Code != http.StatusUnauthorized {
		t.Fatalf("a wrong password: %d", got.Code)
	}
	var login struct{ Token string }
	got := ask(e, "POST", "/login", "", `{"name": "ada", "password": "correct horse"}`)
	if err := json.Unmarshal(got.Body.Bytes(), &login); err != nil || got.Code != http.StatusOK {
		t.Fatalf("%d, %v", got.Code, err)
	}
	mock.ExpectQuery("SELECT .* FROM `notes` WHERE owner = ?").WithArgs("ada", 100).
		WillReturnRows(sqlmock.NewRows([]string{"id", "text"}).AddRow(1, "buy milk"))
	if got := ask(e, "GET", "/notes", login.Token, ""); !strings.Contains(got.Body.String(), "buy milk") {
		t.Fatalf("%d %s", got.Code, got.Body)
	}
}

func TestOtherTokensAreRefused(t *testing.T) {
	e, _ := started(t)
	ada := jwt.RegisteredClaims{Subject: "ada", ExpiresAt: jwt.NewNumericDate(time.Now().Add(time.Minute))}
	late := jwt.RegisteredClaims{Subject: "ada", ExpiresAt: jwt.NewNumericDate(time.Now().Add(-time.Minute))}
	for name, made := range map[string]struct {
		method jwt.SigningMethod
		claims jwt.RegisteredClaims
		key    any
	}{
		"another key": {jwt.SigningMethodHS256, ada, []byte("another key")},
		"no key":      {jwt.SigningMethodNone, ada, jwt.UnsafeAllowNoneSignatureType},
		"too late":    {jwt.SigningMethodHS256, late, key},
	} {
		token, err := jwt.NewWithClaims(made.method, made.claims).SignedString(made.key)
		if err != nil {
			t.Fatal(err)
		}
		if got := ask(e, "GET", "/notes", token, ""); got.Code != http.StatusUnauthorized {
			t.Errorf("%s: %d", name, got.Code)
		}
	}
}

func TestTheGreetingIsThatOfTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte("greeting: Moin\ntoken_lifetime: 15m\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := readConfig(path)
	if want := (config{Greeting: "Moin", TokenLifetime: 15 * time.Minute}); err != nil || got != want {
		t.Fatalf("%+v, %v", got, err)
	}
	e, _ := started(t)
	if got := ask(e, "GET", "/greeting", "", ""); !strings.Contains(got.Body.String(), "Good morning") {
		t.Fatal(got.Body)
	}
}
