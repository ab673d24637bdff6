// Package shared is what the programs of the workspace have in common; nobody publishes it.
package shared

import (
	"fmt"
	"log"
	"net/http"
	"os"
)

// Serve answers every request with the name of the program.
func Serve(name string) {
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, name) })
	log.Fatal(http.ListenAndServe(":"+os.Getenv("PORT"), nil))
}
