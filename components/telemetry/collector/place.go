package main

import (
	"hash/fnv"
	"io"
)

// place is where something is in the files that a container has open, the oldest of which has the lowest number.
type place struct {
	file   int
	offset int64
}

func (p place) before(other place) bool {
	return p.file < other.file || p.file == other.file && p.offset < other.offset
}

// position is a place that can be found again by another process.
type position struct {
	Inode  uint64 `json:"inode"`
	Offset int64  `json:"offset"`
	// Mark is a digest of what stands before it: a file that was removed may leave its inode to the next one.
	Mark uint64 `json:"mark"`
}

const markedBytes = 128

func mark(file io.ReaderAt, offset int64) uint64 {
	length := min(offset, markedBytes)
	text := make([]byte, length)
	if _, err := file.ReadAt(text, offset-length); err != nil {
		return 0
	}
	digest := fnv.New64a()
	_, _ = digest.Write(text)
	return digest.Sum64()
}
