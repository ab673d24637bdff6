package main

import (
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/go-sql-driver/mysql"
)

// open connects the way an ordinary service does: by DATABASE_URL alone, or by one address, and TLS as PROBE_DSN says.
func open() *sql.DB {
	if whole := os.Getenv("DATABASE_URL"); whole != "" {
		database, err := sql.Open("mysql", whole)
		if err != nil {
			log.Fatal(err)
		}
		return database
	}
	config := mysql.NewConfig()
	config.Net, config.Addr = "tcp", os.Getenv("MYSQL_PRIMARY_ADDRESS")
	config.User, config.Passwd = os.Getenv("MYSQL_USER"), os.Getenv("MYSQL_PASSWORD")
	config.DBName, config.ParseTime = os.Getenv("MYSQL_DATABASE"), true
	config.MultiStatements = true
	switch os.Getenv("PROBE_DSN") {
	case "plain":
	case "skip-verify":
		config.TLSConfig = "skip-verify"
	default:
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM([]byte(os.Getenv("MYSQL_CA_CERTIFICATE")))
		host, _, _ := net.SplitHostPort(config.Addr)
		config.TLS = &tls.Config{RootCAs: pool, ServerName: host}
	}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		log.Fatal(err)
	}
	return sql.OpenDB(connector)
}

func migrate(statements []string) {
	var database *sql.DB
	for _, statement := range statements {
		if name, found := strings.CutPrefix(statement, "need:"); found {
			if given, err := shown(name); err != nil || given == "" {
				log.Fatalf("%s is not given", name)
			}
			continue
		}
		if database == nil {
			database = open()
		}
		if _, err := database.Exec(statement); err != nil {
			log.Fatalf("%s: %v", statement, err)
		}
	}
}

// sql runs the statement in the body and prints its rows.
func (p *probe) sql(w http.ResponseWriter, r *http.Request) {
	statement, _ := io.ReadAll(r.Body)
	rows, err := p.db.QueryContext(r.Context(), string(statement))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer func() { _ = rows.Close() }()
	names, _ := rows.Columns()
	for rows.Next() {
		values := make([]sql.NullString, len(names))
		into := make([]any, len(names))
		for index := range values {
			into[index] = &values[index]
		}
		if err := rows.Scan(into...); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		for index, value := range values {
			fmt.Fprintf(w, "%s=%s ", names[index], value.String)
		}
		fmt.Fprintln(w)
	}
	if err := rows.Err(); err != nil {
		fmt.Fprintln(w, err)
	}
}
