package main

import "time"

// User is a person who may log in.
type User struct {
	Name     string `gorm:"primaryKey;size:64"`
	Password []byte `gorm:"size:72;not null"`
}

// Note is one text of a user.
type Note struct {
	ID        uint64    `gorm:"primaryKey" json:"id"`
	Owner     string    `gorm:"size:64;not null;index" json:"-"`
	Text      string    `gorm:"size:2000;not null" json:"text"`
	CreatedAt time.Time `json:"created_at"`
}
