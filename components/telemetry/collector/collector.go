package main

import (
	"context"
	"errors"
	"maps"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// graceTime is for what is on its way to the store when the program is asked to end.
const graceTime = 2 * time.Second

// collect runs everything until a context ends, and then until the store has what was read, for two seconds at most.
func collect(ctx context.Context, given configuration, secrets redaction, listener net.Listener) error {
	kept, err := openCheckpoints(given.State)
	if err != nil {
		return err
	}
	measured := newMetrics()
	known := newDirectory()
	requests := newIngress(measured.registry)
	members, err := newMySQLMetrics(given.MySQL, measured.registry)
	if err != nil {
		return err
	}
	measured.registry.MustRegister(newEngineDisk(given.Containers))
	// Apart, as it is scraped much more often than the rest.
	judged := prometheus.NewRegistry()
	services := newServed(judged)
	to := newStore(given.Logs, measured)
	queue := newSpanQueue()
	logs := &tailer{
		root: given.Containers, stack: given.Stack, directory: known, dropped: measured, served: services,
		saved: maps.Clone(kept.of), batches: make(chan *batch),
		rows: func(line found) []byte {
			row := lineRow(line, secrets)
			requests.count(row)
			services.count(row)
			return encodeRow(row)
		},
	}
	logs.alive.Store(time.Now().Unix())

	grace, end := context.WithCancel(context.Background())
	defer end()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(graceTime, end) })
	defer stop()

	var last sync.WaitGroup
	last.Go(func() { logs.run(ctx, grace) })
	last.Go(func() { sendBatches(grace, logs.batches, to, kept) })
	last.Go(func() { queue.send(ctx, grace, to) })
	go to.watch(ctx)
	go newCertificates(given.Certificates, given.Hosts, measured.registry).run(ctx)
	members.run(ctx)
	if given.Cgroups != "" {
		containers := newContainerMetrics(given.Cgroups, known)
		measured.registry.MustRegister(containers)
		go containers.run(ctx)
	}

	paths := http.NewServeMux()
	paths.Handle("POST /v1/traces", newTraces(queue, secrets, measured))
	paths.Handle("GET /metrics", promhttp.HandlerFor(measured.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}))
	paths.Handle("GET /metrics/services", promhttp.HandlerFor(judged, promhttp.HandlerOpts{}))
	paths.HandleFunc("GET /health", logs.healthy)
	server := &http.Server{Handler: paths, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, IdleTimeout: time.Minute}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	last.Wait()
	return nil
}
