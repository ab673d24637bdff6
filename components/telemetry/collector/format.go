package main

// format is how a container runtime lays out logs and writes a line.
type format interface {
	// containers are the ids of all that have a log now.
	containers(root string) ([]string, error)
	// paths are the files of a container that may exist, the newest first.
	paths(root, id string) []string
	// identify tells what a container is, and whose.
	identify(root, id, stack string) (identity, belonging)
	// parse reads a line; false when it is none.
	parse(line []byte) (entry, bool)
}

// entry is a line that a container wrote, or a part of it.
type entry struct {
	time   string
	stream string
	text   []byte
	// part is true when the rest of the line follows in the next entry of the stream.
	part bool
}

var formats = map[string]format{"docker": dockerFormat{}, "cri": criFormat{}}
