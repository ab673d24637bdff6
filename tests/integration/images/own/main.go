// Command own is built by a Dockerfile of its own.
package main

import (
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
)

var release = "none"

func main() {
	greeting := flag.String("greeting", "", "what is answered")
	flag.Parse()
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, *greeting, " ", release) })
	log.Fatal(http.ListenAndServe(":"+os.Getenv("PORT"), nil))
}
