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

// lineSource reads what the stack's containers write.
type lineSource interface {
	// run reads until a context ends, and gives the last batch until another one does.
	run(ctx, grace context.Context)
	healthy(http.ResponseWriter, *http.Request)
}

// collect runs everything until a context ends, and then until the store has what was read, for two seconds at most.
func collect(ctx context.Context, given configuration, secrets redaction, listener net.Listener) error {
	kept, err := openCheckpoints(given.State)
	if err != nil {
		return err
	}
	measured := newMetrics()
	requests := newIngress(measured.registry)
	members, err := newMySQLMetrics(given.MySQL, measured.registry)
	if err != nil {
		return err
	}
	// Apart, as it is scraped much more often than the rest.
	judged := prometheus.NewRegistry()
	services := newServed(judged)
	to := newStore(given.Logs, measured)
	queue := newSpanQueue()
	batches, saved := make(chan *batch), maps.Clone(kept.of)
	rows := func(line found) []byte {
		row := lineRow(line, secrets)
		if len(given.Namespaces) > 0 {
			calledByName(row)
		}
		requests.count(row)
		services.count(row)
		return encodeRow(row)
	}
	var logs lineSource
	if len(given.Namespaces) > 0 {
		api, err := newCluster(given.Account)
		if err != nil {
			return err
		}
		used := newPodMetrics(api, given.Namespaces)
		measured.registry.MustRegister(used)
		go used.run(ctx)
		logs = newPodLogs(api, given, rows, services, batches, saved, used.seen)
	} else {
		known := newDirectory()
		measured.registry.MustRegister(newEngineDisk(given.Containers))
		if given.Cgroups != "" {
			containers := newContainerMetrics(given.Cgroups, known)
			measured.registry.MustRegister(containers)
			go containers.run(ctx)
		}
		logs = newTailer(given, known, rows, services, measured, batches, saved)
	}

	grace, end := context.WithCancel(context.Background())
	defer end()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(graceTime, end) })
	defer stop()

	var last sync.WaitGroup
	last.Go(func() { logs.run(ctx, grace) })
	last.Go(func() { sendBatches(grace, batches, to, kept) })
	last.Go(func() { queue.send(ctx, grace, to) })
	go to.watch(ctx)
	go newCertificates(given.Certificates, given.Hosts, measured.registry).run(ctx)
	members.run(ctx)

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
