// Command letters needs a module that only a company's own proxy has.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"

	"private.example.test/words"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, words.Hello) })
	log.Fatal(http.ListenAndServe(":"+os.Getenv("PORT"), nil))
}
