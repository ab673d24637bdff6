// Command shop answers with a file of its repository, as programs do that are started there.
package main

import (
	"log"
	"net/http"
	"os"
)

func main() {
	http.HandleFunc("/ready", func(http.ResponseWriter, *http.Request) {})
	http.HandleFunc("/shop", func(w http.ResponseWriter, _ *http.Request) {
		page, err := os.ReadFile("templates/page.html")
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_, _ = w.Write(page)
	})
	log.Fatal(http.ListenAndServe(":"+os.Getenv("PORT"), nil))
}
