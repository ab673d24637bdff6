package main

import (
	"context"

	"github.com/coder/websocket"
)

// runTalk says one text over a websocket, or nothing, and hears what others say until it has heard `count` texts.
func runTalk(ctx context.Context, arguments []string) (map[string]any, error) {
	set, to := flags("talk")
	say := set.String("say", "", "text to say once it is open")
	count := set.Int("count", 1, "texts to hear")
	_ = set.Parse(arguments)
	client, err := to.client(0)
	if err != nil {
		return nil, err
	}
	connection, _, err := websocket.Dial(ctx, to.url, &websocket.DialOptions{HTTPClient: client, HTTPHeader: to.header()})
	if err != nil {
		return nil, err
	}
	defer func() { _ = connection.CloseNow() }()
	tell("open", nil)
	if *say != "" {
		if err := connection.Write(ctx, websocket.MessageText, []byte(*say)); err != nil {
			return nil, err
		}
	}
	for range *count {
		_, text, err := connection.Read(ctx)
		if err != nil {
			return nil, err
		}
		tell("heard", map[string]any{"text": string(text)})
	}
	return map[string]any{}, connection.Close(websocket.StatusNormalClosure, "")
}
