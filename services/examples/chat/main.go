// Command chat is a room of people in any region: what one says comes to all, by a channel of Valkey.
//
// PORT is the port that it listens on, CACHE_ADDRESS and CACHE_PASSWORD lead to Valkey.
package main

import (
	"context"
	"errors"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
)

const channel = "chat"

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer cancel()
	client := redis.NewClient(&redis.Options{
		Addr: os.Getenv("CACHE_ADDRESS"), Password: os.Getenv("CACHE_PASSWORD"),
	})
	defer func() { _ = client.Close() }()
	if err := serve(ctx, ":"+os.Getenv("PORT"), client); err != nil {
		log.Fatal(err)
	}
}

func serve(ctx context.Context, address string, client *redis.Client) error {
	// It subscribes again by itself when the connection was lost.
	subscription := client.Subscribe(ctx, channel)
	defer func() { _ = subscription.Close() }()
	said := make(chan string)
	go func() {
		for message := range subscription.Channel() {
			said <- message.Payload
		}
	}()
	publish := func(ctx context.Context, text string) error { return client.Publish(ctx, channel, text).Err() }
	r := newRoom(publish)
	go r.pass(ctx, said)

	server := &http.Server{Addr: address, Handler: r.routes(), ReadHeaderTimeout: 5 * time.Second}
	drained := make(chan error, 1)
	go func() {
		<-ctx.Done()
		r.leave()
		deadline, cancel := context.WithTimeout(context.Background(), 15*time.Second)
		defer cancel()
		drained <- server.Shutdown(deadline)
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-drained
}
