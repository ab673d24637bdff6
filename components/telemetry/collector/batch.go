package main

// batchBytes is how large a batch gets before it is sent.
const batchBytes = 1 << 20

// batch is rows, and how far everything has been read when the store has them.
type batch struct {
	rows  []byte
	count int
	read  map[string]checkpoint
	gone  []string
}

func newBatch() *batch { return &batch{read: map[string]checkpoint{}} }

func (b *batch) add(row []byte) {
	b.rows = append(append(b.rows, row...), '\n')
	b.count++
}

func (b *batch) empty() bool { return b.count == 0 && len(b.read) == 0 && len(b.gone) == 0 }
