package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"sync/atomic"
	"time"
)

// goneTime is what is left for the last lines of a pod that has been removed.
const goneTime = 10 * time.Second

// podLogs follows the logs of all containers of the stack's pods. While nobody takes its batches it reads nothing:
// checkpoints keep the place, and the nodes keep the lines.
type podLogs struct {
	api        *cluster
	stack      string
	namespaces []string
	// rows makes rows of a line, and counts it.
	rows func(found) []byte
	// served is told how far the logs have been read.
	served *served
	// batches is closed when the last one has been handed on.
	batches chan *batch
	// saved is what an earlier process has read.
	saved map[string]checkpoint
	// seen is told of the pods at each look.
	seen func([]pod)
	// alive is when it last looked for pods, in seconds.
	alive atomic.Int64

	followers map[string]*follower
	lines     chan written
	ended     chan *follower
	unsent    *batch
}

func newPodLogs(
	api *cluster, given configuration, rows func(found) []byte, services *served, batches chan *batch,
	saved map[string]checkpoint, seen func([]pod),
) *podLogs {
	made := &podLogs{
		api: api, stack: given.Stack, namespaces: given.Namespaces, rows: rows, served: services, batches: batches,
		saved: saved, seen: seen,
	}
	made.alive.Store(time.Now().Unix())
	return made
}

// run reads until a context ends, and gives the last batch until another one does.
func (p *podLogs) run(ctx, grace context.Context) {
	defer close(p.batches)
	p.followers, p.unsent = map[string]*follower{}, newBatch()
	p.lines, p.ended = make(chan written), make(chan *follower)
	looks := make(chan []pod)
	go p.look(ctx, looks)
	tick := time.NewTicker(pollPause)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			p.send(grace)
			return
		case pods := <-looks:
			p.adopt(ctx, pods)
		case line := <-p.lines:
			p.unsent.add(p.rows(line.found))
			line.of.taken = later(line.of.taken, line.at)
			p.unsent.read[line.of.key()] = checkpoint{Until: line.of.taken}
			if len(p.unsent.rows) >= batchBytes {
				p.send(grace)
			}
		case of := <-p.ended:
			of.ended = true
			p.forget(of)
		case now := <-tick.C:
			for _, of := range p.followers {
				if at, known := of.readTo(now); known {
					p.served.reached(of.who, at)
				}
			}
			p.send(grace)
		}
	}
}

func (p *podLogs) send(grace context.Context) {
	if p.unsent.empty() {
		return
	}
	select {
	case p.batches <- p.unsent:
		p.unsent = newBatch()
	case <-grace.Done():
	}
}

// look lists the pods again and again. Those that it cannot list now are not gone.
func (p *podLogs) look(ctx context.Context, looks chan<- []pod) {
	silent := false
	for ctx.Err() == nil {
		pods, err := p.api.pods(ctx, p.stack, p.namespaces)
		if err != nil && !silent && ctx.Err() == nil {
			log.Printf("the stack's pods cannot be listed: %v", err)
		}
		if silent = err != nil; !silent {
			p.alive.Store(time.Now().Unix())
			p.seen(pods)
			select {
			case looks <- pods:
			case <-ctx.Done():
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(scanPause):
		}
	}
}

// adopt begins to follow containers that have started since, and lets go of those whose pod has been removed.
func (p *podLogs) adopt(ctx context.Context, pods []pod) {
	there := map[string]bool{}
	for _, pod := range pods {
		for _, status := range pod.statuses() {
			key := pod.Metadata.UID + "/" + status.Name
			there[key] = true
			of := p.followers[key]
			if of == nil {
				if status.ContainerID == "" {
					continue
				}
				of = p.begin(ctx, pod, status.Name)
			}
			of.restarts.Store(int64(status.RestartCount))
			of.over.Store(pod.over(status))
			of.look()
		}
	}
	for key := range p.saved {
		if !there[key] {
			delete(p.saved, key)
			p.unsent.gone = append(p.unsent.gone, key)
		}
	}
	for key, of := range p.followers {
		if !there[key] && !of.gone.Load() {
			of.gone.Store(true)
			of.look()
			time.AfterFunc(goneTime, of.stop)
			p.forget(of)
		}
	}
}

func (p *podLogs) begin(ctx context.Context, pod pod, container string) *follower {
	following, stop := context.WithCancel(ctx)
	made := &follower{
		who:  pod.identity(container),
		uid:  pod.Metadata.UID,
		seen: make(chan struct{}, 1),
		path: fmt.Sprintf("/api/v1/namespaces/%s/pods/%s/log", pod.Metadata.Namespace, pod.Metadata.Name),
		stop: stop,
	}
	made.until = p.saved[made.key()].Until
	delete(p.saved, made.key())
	p.followers[made.key()] = made
	go func() {
		made.run(following, p.api, p.lines)
		select {
		case p.ended <- made:
		case <-ctx.Done():
		}
	}()
	return made
}

// forget drops what nobody reads any more of a pod that there is no more. A container that has ended in one that is
// there stays known, and is not read again.
func (p *podLogs) forget(of *follower) {
	if !of.gone.Load() || !of.ended {
		return
	}
	of.stop()
	delete(p.followers, of.key())
	p.served.forget(of.who)
	delete(p.unsent.read, of.key())
	p.unsent.gone = append(p.unsent.gone, of.key())
}

// healthy says whether the pods are known. That the store is away is no illness of this program.
func (p *podLogs) healthy(w http.ResponseWriter, _ *http.Request) {
	answerHealth(w, p.alive.Load(), "the stack's pods cannot be listed")
}
