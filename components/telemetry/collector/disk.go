package main

import (
	"syscall"

	"github.com/prometheus/client_golang/prometheus"
)

// engineDisk is the file system of the engine's folder, on which the volumes are too: those of MySQL and of the stores.
type engineDisk struct {
	folder     string
	free, size *prometheus.Desc
}

func newEngineDisk(folder string) *engineDisk {
	return &engineDisk{
		folder,
		prometheus.NewDesc("engine_disk_free_bytes", "What is left on the disk of the engine's volumes.", nil, nil),
		prometheus.NewDesc("engine_disk_size_bytes", "Size of the disk of the engine's volumes.", nil, nil),
	}
}

func (d *engineDisk) Describe(to chan<- *prometheus.Desc) {
	to <- d.free
	to <- d.size
}

func (d *engineDisk) Collect(to chan<- prometheus.Metric) {
	var found syscall.Statfs_t
	if syscall.Statfs(d.folder, &found) != nil {
		return
	}
	block := float64(found.Bsize)
	// Bavail: what is kept for root is nothing that a container can use.
	to <- prometheus.MustNewConstMetric(d.free, prometheus.GaugeValue, float64(found.Bavail)*block)
	to <- prometheus.MustNewConstMetric(d.size, prometheus.GaugeValue, float64(found.Blocks)*block)
}
