package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// runEvents reads events until `events` have come (0: for ever) and connects anew when a stream ends whole, as
// browsers do; a stream that is cut, and a status other than 200, is a failure.
func runEvents(ctx context.Context, arguments []string) (map[string]any, error) {
	set, to := flags("sse")
	events := set.Int("events", 0, "events to wait for; 0 for ever")
	accept := set.Bool("accept", true, "ask for text/event-stream")
	_ = set.Parse(arguments)
	client, err := to.client(0)
	if err != nil {
		return nil, err
	}
	sums := eventSums{instances: newTally(), failures: []string{}}
	for ctx.Err() == nil && (*events == 0 || sums.received < *events) && len(sums.failures) < 20 {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, to.url, nil)
		if err != nil {
			return nil, err
		}
		request.Header = to.header()
		if *accept {
			request.Header.Set("Accept", "text/event-stream")
		}
		response, err := client.Do(request)
		if err != nil {
			if ctx.Err() == nil {
				sums.failures = append(sums.failures, err.Error())
				pause(ctx, time.Second)
			}
			continue
		}
		if response.StatusCode != http.StatusOK {
			text, _ := io.ReadAll(io.LimitReader(response.Body, 200))
			_ = response.Body.Close()
			sums.failures = append(sums.failures, fmt.Sprintf("status %d: %s", response.StatusCode, text))
			pause(ctx, time.Second)
			continue
		}
		sums.connections++
		tell("open", map[string]any{"status": response.StatusCode, "type": response.Header.Get("Content-Type")})
		err = sums.read(response.Body, *events)
		_ = response.Body.Close()
		if err != nil && ctx.Err() == nil {
			sums.failures = append(sums.failures, fmt.Sprintf("cut after %d events: %v", sums.received, err))
			tell("cut", map[string]any{"text": err.Error()})
		}
	}
	return map[string]any{
		"received": sums.received, "connections": sums.connections, "failures": sums.failures,
		"instances": sums.instances.all(),
	}, nil
}

type eventSums struct {
	received, connections int
	failures              []string
	instances             *tally
}

func (s *eventSums) read(body io.Reader, events int) error {
	lines := bufio.NewScanner(body)
	for lines.Scan() {
		text, isData := strings.CutPrefix(lines.Text(), "data: ")
		if !isData {
			continue
		}
		var event struct {
			Index    int
			Sent     int64
			Instance string
		}
		if err := json.Unmarshal([]byte(text), &event); err != nil {
			return fmt.Errorf("%q is no event", text)
		}
		s.received++
		s.instances.add(event.Instance)
		tell("data", map[string]any{
			"index": event.Index, "sent": event.Sent, "received": time.Now().UnixNano(), "instance": event.Instance,
		})
		if events != 0 && s.received >= events {
			return nil
		}
	}
	return lines.Err()
}
