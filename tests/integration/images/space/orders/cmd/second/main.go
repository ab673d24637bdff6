// Command second is one of several programs of a module.
package main

import "example.test/shared"

func main() { shared.Serve("second") }
