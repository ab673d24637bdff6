// Command scheduler runs the program of a service at certain times, once over all regions.
//
// One of it is in each region, in the image of the service. At each time all of them ask Consul for the run, and one gets
// it. It reads GOSTACK_SCHEDULES, and hands every other variable on.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/robfig/cron/v3"
)

const variable = "GOSTACK_SCHEDULES"

// claimTime is how long a run is asked for that nobody could get.
const claimTime = 2 * time.Minute

// configuration is what GOSTACK_SCHEDULES holds, as JSON.
type configuration struct {
	Service      string
	Regions      []string
	Program      []string
	GraceSeconds int `json:"grace_seconds"`
	Schedules    map[string]schedule
}

type schedule struct {
	Cron            string
	TimeZone        string `json:"time_zone"`
	Args            []string
	Concurrency     string
	DeadlineSeconds int `json:"deadline_seconds"`
}

func main() {
	log.SetFlags(0)
	if len(os.Args) > 1 && os.Args[1] == "--there" {
		// Its file is where it is wanted.
		return
	}
	var given configuration
	if err := json.Unmarshal([]byte(os.Getenv(variable)), &given); err != nil {
		log.Fatalf("scheduler: %s: %v", variable, err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	regions := &consul{
		address:  "http://127.0.0.1:8500",
		regions:  given.Regions,
		patience: 20 * time.Second,
		client:   http.DefaultClient,
	}
	var all sync.WaitGroup
	for name, wanted := range given.Schedules {
		times, err := cron.ParseStandard("CRON_TZ=" + wanted.TimeZone + " " + wanted.Cron)
		if err != nil {
			log.Fatalf("scheduler: %s: %v", name, err)
		}
		timed := &timed{
			schedule: wanted,
			name:     name,
			key:      "schedules/" + given.Service + "/" + name,
			times:    times,
			program:  given.Program,
			grace:    time.Duration(given.GraceSeconds) * time.Second,
			consul:   regions,
		}
		all.Add(1)
		go func() { defer all.Done(); timed.follow(ctx) }()
	}
	all.Wait()
}

// timed is one schedule in this region.
type timed struct {
	schedule
	name, key string
	times     cron.Schedule
	program   []string
	grace     time.Duration
	consul    *consul

	runs sync.WaitGroup
	// end ends the run that goes on here, where there is one and the schedule replaces it.
	end context.CancelFunc
}

// follow begins what is due until it is told to end, and then waits for what runs.
func (t *timed) follow(ctx context.Context) {
	defer t.runs.Wait()
	for now := time.Now(); ; {
		due := t.times.Next(now)
		if due.IsZero() {
			log.Printf("scheduler: %s is never due", t.name)
			<-ctx.Done()
			return
		}
		// In short pauses: a timer knows nothing of a clock that was set.
		for time.Until(due) > 0 {
			if pause(ctx, min(time.Until(due), time.Minute)) != nil {
				return
			}
		}
		// Another region may hold the run before.
		if t.end != nil {
			t.end()
		}
		running, end := context.WithCancel(ctx)
		if t.Concurrency == "replace" {
			t.end = end
		}
		t.runs.Add(1)
		go func() {
			defer t.runs.Done()
			defer end()
			if err := t.run(running, due); err != nil {
				log.Printf("scheduler: %s, due at %s: %v", t.name, due.Format(time.RFC3339), err)
			}
		}()
		// After a machine slept, what was due meanwhile is left out.
		now = time.Now()
		if now.Before(due) {
			now = due
		}
	}
}

var errGoesOn = errors.New("left out, as the run before goes on")

// run asks for the run that is due, and runs the program when this region gets it.
func (t *timed) run(ctx context.Context, due time.Time) error {
	region, won, err := t.claimed(ctx, due)
	if err != nil || !won {
		return err
	}
	if t.Concurrency != "allow" {
		unlock, err := t.alone(ctx, region)
		if err != nil {
			return err
		}
		defer unlock()
	}
	return t.execute(ctx)
}

// claimed asks for the run that is due. An election of a leader costs a claim nothing but seconds.
func (t *timed) claimed(ctx context.Context, due time.Time) (region string, won bool, err error) {
	for end := time.Now().Add(claimTime); ; {
		if region, err = t.consul.home(ctx); err == nil {
			won, err = t.consul.claim(ctx, region, t.key+"/last", due)
		}
		if err == nil || !time.Now().Before(end) || pause(ctx, time.Second) != nil {
			return region, won, err
		}
	}
}

// alone returns once no run before this one goes on in any region.
func (t *timed) alone(ctx context.Context, region string) (func(), error) {
	wait := time.Duration(0)
	if t.Concurrency == "replace" {
		// The one before has its time to end, and a lock whose region was lost is free after twice 15 s.
		wait = t.grace + 35*time.Second
	}
	for end := time.Now().Add(wait); ; {
		unlock, err := t.consul.lock(ctx, region, t.key+"/running")
		if err != nil || unlock != nil {
			return unlock, err
		}
		if !time.Now().Before(end) || pause(ctx, 200*time.Millisecond) != nil {
			return nil, errGoesOn
		}
	}
}

// execute runs the program to its end, or until its deadline.
func (t *timed) execute(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(t.DeadlineSeconds)*time.Second)
	defer cancel()
	words := append(append([]string{}, t.program...), t.Args...)
	command := exec.CommandContext(ctx, words[0], words[1:]...)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	for _, each := range os.Environ() {
		if !strings.HasPrefix(each, variable+"=") {
			command.Env = append(command.Env, each)
		}
	}
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = t.grace
	log.Printf("scheduler: %s begins", t.name)
	began := time.Now()
	err := command.Run()
	seconds := time.Since(began).Seconds()
	if err != nil {
		return fmt.Errorf("failed after %.1f s: %w", seconds, err)
	}
	log.Printf("scheduler: %s ended well after %.1f s", t.name, seconds)
	return nil
}
