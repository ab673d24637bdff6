package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// A line on its way from Docker's file to a row: parsed, redacted, counted, encoded.
func BenchmarkLine(b *testing.B) {
	access := accessLine(`"trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"b7ad6b7169203331","method":"GET",` +
		`"path":"/users","host":"localhost","status":200,"bytes":512,"ended":1795946400.042,"seconds":0.004,` +
		`"upstream":"10.0.0.7:8080","upstream_status":"200","upstream_seconds":"0.003","upstream_connect_seconds":"0.000",` +
		`"protocol":"HTTP/2.0","tls":"TLSv1.3","client":"10.0.0.1","user_agent":"load"`)
	for name, text := range map[string]string{"access": access, "text": "2026/11/29 10:00:00 something happened to number 7"} {
		b.Run(name, func(b *testing.B) {
			counted := newIngress(prometheus.NewRegistry())
			whole := strings.Repeat(dockerLine("stdout", text+"\n"), 100)
			program := newDocker(b, b.TempDir(), containerID, gate)
			program.raw(whole)
			buffer, dropped := make([]byte, readBytes), newMetrics()
			b.SetBytes(int64(len(whole)) / 100)
			b.ReportAllocs()
			rows, of := 0, &container{}
			for b.Loop() {
				if rows%100 == 0 {
					of.close()
					of = newContainer(containerID)
					of.refresh(program.folder+"/..", dropped)
					for of.read(buffer, func(line found) {
						row := lineRow(line, nil)
						counted.count(row)
						_ = encodeRow(row)
					}, dropped) {
					}
				}
				rows++
			}
			b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "lines/s")
		})
	}
}

// What a collector with a store beside it delivers.
func BenchmarkDelivery(b *testing.B) {
	to := newFakeStore(b)
	given := configured(b, to)
	program := newDocker(b, given.Containers, containerID, gate)
	line := dockerLine("stdout", accessLine(`"status":200,"seconds":0.004,"upstream_status":"200"`)+"\n")
	rows := 0
	process := start(b, given)
	for b.Loop() {
		program.raw(strings.Repeat(line, 1000))
		rows += 1000
		eventually(b, func() bool { return process.metric("collector_rows_sent_total") == fmt.Sprint(rows) }, "%d rows", rows)
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "lines/s")
}
