package main

import (
	"context"
	"log"
	"time"
)

const checkpointPause = time.Second

// sendBatches hands batches to the store, one after the other, and keeps on the disk how far it has come.
func sendBatches(ctx context.Context, batches <-chan *batch, to *store, kept *checkpoints) {
	write := func() {
		if err := kept.write(); err != nil {
			log.Printf("checkpoints cannot be written: %v", err)
		}
	}
	defer write()
	tick := time.NewTicker(checkpointPause)
	defer tick.Stop()
	for {
		select {
		case full, ok := <-batches:
			if !ok {
				return
			}
			if err := to.deliver(ctx, full.rows, full.count); err != nil {
				// It ends without an answer of the store: the next process reads these lines again.
				return
			}
			kept.commit(full.read, full.gone)
		case <-tick.C:
			write()
		}
	}
}
