package main

import (
	"context"
	"database/sql"
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"example.com/tickets/ticketspb"
)

// store keeps tickets in MySQL.
type store struct{ db *sql.DB }

func (s *store) create(ctx context.Context, title string) (*ticketspb.Ticket, error) {
	result, err := s.db.ExecContext(ctx, "INSERT INTO tickets (title) VALUES (?)", title)
	if err != nil {
		return nil, err
	}
	id, err := result.LastInsertId()
	return &ticketspb.Ticket{Id: id, Title: title}, err
}

func (s *store) get(ctx context.Context, id int64) (*ticketspb.Ticket, error) {
	return scanned(s.db.QueryRowContext(ctx, "SELECT id, title, priority FROM tickets WHERE id = ?", id))
}

// triage gives the oldest ticket without a priority the one that its title asks for, and tells whether there was one.
// Other workers pass over it meanwhile.
func (s *store) triage(ctx context.Context, priority func(title string) string) (bool, error) {
	transaction, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return false, err
	}
	defer func() { _ = transaction.Rollback() }()
	ticket, err := scanned(transaction.QueryRowContext(ctx, `SELECT id, title, priority FROM tickets
		WHERE priority = '' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED`))
	if status.Code(err) == codes.NotFound {
		return false, nil
	} else if err != nil {
		return false, err
	}
	const triaged = "UPDATE tickets SET priority = ? WHERE id = ?"
	if _, err := transaction.ExecContext(ctx, triaged, priority(ticket.Title), ticket.Id); err != nil {
		return false, err
	}
	return true, transaction.Commit()
}

// report writes down how many tickets there are.
func (s *store) report(ctx context.Context) error {
	_, err := s.db.ExecContext(ctx, `INSERT INTO reports (tickets, untriaged)
		SELECT COUNT(*), COALESCE(SUM(priority = ''), 0) FROM tickets`)
	return err
}

func scanned(row *sql.Row) (*ticketspb.Ticket, error) {
	ticket := &ticketspb.Ticket{}
	err := row.Scan(&ticket.Id, &ticket.Title, &ticket.Priority)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, status.Error(codes.NotFound, "there is no such ticket")
	}
	return ticket, err
}
