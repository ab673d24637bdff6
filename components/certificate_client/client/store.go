package main

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/go-acme/lego/v5/acme"
)

// state is everything that must outlive this process.
type state struct {
	Account account `json:"account"`
	Pair    pair    `json:"pair"`
	// Attempts since the last success, the one that goes on included: one that is killed counts.
	Attempts int `json:"attempts"`
	// Next is when the next attempt may begin.
	Next time.Time `json:"next"`
	// Wanted is the digest of what was ordered with those attempts. Whoever corrects a setting need not wait.
	Wanted string `json:"wanted"`
}

// account is that at one authority.
type account struct {
	Directory    string                `json:"directory"`
	Email        string                `json:"email"`
	Key          []byte                `json:"key"`
	Registration *acme.ExtendedAccount `json:"registration"`
}

// store keeps the state in one file, which is replaced as a whole: AES-256-GCM, readable by this user alone.
type store struct {
	file   string
	cipher cipher.AEAD
}

func openStore(folder string, key []byte) (*store, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	sealed, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &store{filepath.Join(folder, "state"), sealed}, nil
}

// errUnreadable is a state that another key has encrypted, that was damaged, or that another version wrote.
var errUnreadable = errors.New("the state cannot be read")

// read returns an empty state where there is none.
func (s *store) read() (state, error) {
	var found state
	sealed, err := os.ReadFile(s.file)
	if errors.Is(err, os.ErrNotExist) {
		return found, nil
	}
	if err != nil {
		return found, err
	}
	text, err := s.cipher.Open(nil, nil, sealed, nil)
	if err != nil {
		return found, errUnreadable
	}
	if json.Unmarshal(text, &found) != nil {
		return state{}, errUnreadable
	}
	return found, nil
}

func (s *store) write(given state) error {
	text, err := json.Marshal(given)
	if err != nil {
		return err
	}
	next := s.file + ".next"
	file, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(s.cipher.Seal(nil, nil, text, nil))
	// A machine that loses power must find the old state or the new one.
	err = errors.Join(err, file.Sync(), file.Close())
	if err != nil {
		return fmt.Errorf("the state cannot be kept: %w", err)
	}
	return os.Rename(next, s.file)
}
