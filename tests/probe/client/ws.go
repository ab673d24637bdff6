package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/coder/websocket"
)

// runWebsocket sends a frame, waits for its echo, and again after `interval`, until `frames` were sent (0: for ever).
// When the service says goodbye (going away), it connects anew; any other end is a failure.
func runWebsocket(ctx context.Context, arguments []string) (map[string]any, error) {
	set, to := flags("ws")
	interval := set.Duration("interval", 200*time.Millisecond, "time between two frames")
	frames := set.Int("frames", 0, "frames to send; 0 for ever")
	_ = set.Parse(arguments)
	client, err := to.client(0)
	if err != nil {
		return nil, err
	}
	sums := &websocketSums{instances: newTally(), failures: []string{}, closes: []int{}}
	for ctx.Err() == nil && (*frames == 0 || sums.echoed < *frames) && len(sums.failures) < 20 {
		options := &websocket.DialOptions{HTTPClient: client, HTTPHeader: to.header()}
		connection, response, err := websocket.Dial(ctx, to.url, options)
		if err != nil {
			if ctx.Err() != nil {
				break
			}
			status := 0
			if response != nil {
				status = response.StatusCode
			}
			sums.fail("handshake: status %d: %v", status, err)
			tell("failure", map[string]any{"text": sums.failures[len(sums.failures)-1]})
			pause(ctx, time.Second)
			continue
		}
		sums.connections++
		tell("open", map[string]any{"status": response.StatusCode})
		err = sums.talk(ctx, connection, *interval, *frames)
		if err != nil && ctx.Err() == nil {
			code := websocket.CloseStatus(err)
			if code == websocket.StatusGoingAway {
				sums.closes = append(sums.closes, int(code))
			} else {
				sums.fail("close code %d after %d frames: %v", int(code), sums.echoed, err)
			}
			tell("closed", map[string]any{"code": int(code), "text": err.Error()})
		}
		_ = connection.CloseNow()
	}
	return map[string]any{
		"sent": sums.sent, "echoed": sums.echoed, "connections": sums.connections, "closes": sums.closes,
		"failures": sums.failures, "instances": sums.instances.all(),
	}, nil
}

type websocketSums struct {
	sent, echoed, connections int
	closes                    []int
	failures                  []string
	instances                 *tally
}

func (s *websocketSums) fail(format string, values ...any) {
	s.failures = append(s.failures, fmt.Sprintf(format, values...))
}

// talk returns nil when all frames are sent, else why it ended. It always reads, so that it hears a goodbye in the
// quiet time too.
func (s *websocketSums) talk(ctx context.Context, connection *websocket.Conn, interval time.Duration, frames int) error {
	echoes, ended := make(chan []byte), make(chan error, 1)
	go func() {
		for {
			_, text, err := connection.Read(ctx)
			if err != nil {
				ended <- err
				return
			}
			select {
			case echoes <- text:
			case <-ctx.Done():
				return
			}
		}
	}()
	for {
		text := fmt.Sprintf("frame %d", s.sent)
		if err := connection.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
			return first(ended, err)
		}
		s.sent++
		select {
		case echo := <-echoes:
			var answer struct{ Instance, Echo string }
			if json.Unmarshal(echo, &answer) != nil || answer.Echo != text {
				return fmt.Errorf("%q was sent and %q came back", text, echo)
			}
			s.echoed++
			s.instances.add(answer.Instance)
			tell("frame", map[string]any{"text": answer.Echo, "instance": answer.Instance})
		case err := <-ended:
			return err
		case <-time.After(30 * time.Second):
			return errors.New("no echo within 30 s")
		}
		if frames != 0 && s.echoed >= frames {
			return connection.Close(websocket.StatusNormalClosure, "")
		}
		select {
		case err := <-ended:
			return err
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(interval):
		}
	}
}

// first prefers what the reader has heard to what the writer noticed of it.
func first(heard <-chan error, noticed error) error {
	select {
	case err := <-heard:
		return err
	case <-time.After(time.Second):
		return noticed
	}
}
