package main

import (
	"context"
	"log"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"example.com/tickets/ticketspb"
)

// work triages one ticket after the other until ctx is done, and looks again after a second when there is none.
func work(ctx context.Context, address string) error {
	connection, err := grpc.NewClient(address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		// No TXT record says how the service is to be called: looking for one may take as long as DNS allows.
		grpc.WithDisableServiceConfig(),
	)
	if err != nil {
		return err
	}
	defer func() { _ = connection.Close() }()
	queue := ticketspb.NewQueueClient(connection)
	for ctx.Err() == nil {
		if err := workOnce(ctx, queue); err != nil {
			if status.Code(err) != codes.NotFound && ctx.Err() == nil {
				log.Print(err)
			}
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
		}
	}
	return nil
}

func workOnce(ctx context.Context, queue ticketspb.QueueClient) error {
	limited, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	ticket, err := queue.Take(limited, &ticketspb.TakeRequest{})
	if err != nil {
		return err
	}
	_, err = queue.Triage(limited, &ticketspb.TriageRequest{Id: ticket.GetId(), Priority: priority(ticket.GetTitle())})
	return err
}

func priority(title string) string {
	for _, word := range []string{"down", "urgent", "lost"} {
		if strings.Contains(strings.ToLower(title), word) {
			return "high"
		}
	}
	return "normal"
}
