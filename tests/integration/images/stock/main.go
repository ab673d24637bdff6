// Command stock asks a library that is written in C.
package main

import (
	"database/sql"
	"fmt"
	"log"
	"net/http"
	"os"

	_ "github.com/mattn/go-sqlite3"
)

func main() {
	db, err := sql.Open("sqlite3", ":memory:")
	if err != nil {
		log.Fatal(err)
	}
	var answer int
	if err := db.QueryRow("SELECT 6 * 7").Scan(&answer); err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, answer) })
	log.Fatal(http.ListenAndServe(":"+os.Getenv("PORT"), nil))
}
