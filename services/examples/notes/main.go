// Command notes keeps the notes of people who log in, in MySQL.
//
// PORT is the port that it listens on, DATABASE_URL the DSN, JWT_KEY the key that signs its tokens.
package main

import (
	"context"
	"errors"
	"flag"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"go.yaml.in/yaml/v3"
	"gorm.io/driver/mysql"
	"gorm.io/gorm"
)

// config is the configuration file.
type config struct {
	Greeting      string        `yaml:"greeting"`
	TokenLifetime time.Duration `yaml:"token_lifetime"`
}

func main() {
	path := flag.String("config", "config.yaml", "configuration file")
	flag.Parse()
	if err := run(*path); err != nil {
		log.Fatal(err)
	}
}

func run(path string) error {
	settings, err := readConfig(path)
	if err != nil {
		return err
	}
	key := os.Getenv("JWT_KEY")
	if key == "" {
		return errors.New("JWT_KEY is not set")
	}
	db, err := gorm.Open(mysql.Open(os.Getenv("DATABASE_URL")), &gorm.Config{TranslateError: true})
	if err != nil {
		return err
	}
	pool, err := db.DB()
	if err != nil {
		return err
	}
	pool.SetMaxOpenConns(10)
	if err := db.AutoMigrate(&User{}, &Note{}); err != nil {
		return err
	}

	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer cancel()
	server := newServer(db, settings, []byte(key))
	drained := make(chan error, 1)
	go func() {
		<-stop.Done()
		deadline, cancel := context.WithTimeout(context.Background(), 15*time.Second)
		defer cancel()
		drained <- server.Shutdown(deadline)
	}()
	if err := server.Start(":" + os.Getenv("PORT")); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-drained
}

func readConfig(path string) (config, error) {
	settings := config{Greeting: "Hello", TokenLifetime: time.Hour}
	text, err := os.ReadFile(path)
	if err != nil {
		return settings, err
	}
	return settings, yaml.Unmarshal(text, &settings)
}
