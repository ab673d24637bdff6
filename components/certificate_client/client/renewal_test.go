package main

import (
	"bytes"
	"crypto/x509"
	"testing"
	"time"
)

func TestARenewalIsDueWithThreeTenthsOfTheLifeLeft(t *testing.T) {
	t.Parallel()
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	leaf := &x509.Certificate{NotBefore: begin, NotAfter: begin.AddDate(0, 0, 90)}
	if due := renewAt(leaf); !due.Equal(begin.AddDate(0, 0, 63)) {
		t.Fatalf("it is due at %s", due)
	}
}

func TestThePauseGrowsToAnHourAndIsShortWhenLittleTimeIsLeft(t *testing.T) {
	t.Parallel()
	idle := &renewal{retry: firstRetry}
	for attempts, wanted := range []time.Duration{0, 30 * time.Second, 90 * time.Second, 270 * time.Second, 810 * time.Second, 2430 * time.Second, time.Hour, time.Hour} {
		if attempts == 0 {
			continue
		}
		if pause := idle.backOff(attempts); pause < wanted*4/5 || pause >= wanted*6/5 {
			t.Errorf("after %d attempts %s, not about %s", attempts, pause, wanted)
		}
	}
	chain, key := selfSigned(t)
	// An hour is left.
	idle.state.Pair = pair{Chain: chain, Key: key}
	if pause := idle.backOff(9); pause > 6*time.Minute*6/5 {
		t.Errorf("%s with an hour left", pause)
	}
}

func TestWhoeverCorrectsASettingNeedNotWait(t *testing.T) {
	t.Parallel()
	given := configuration{
		Directory: "https://authority.test/dir", Names: []string{"shop.test"}, State: t.TempDir(),
		StateKey: bytes.Repeat([]byte{7}, 32),
	}
	kept, err := openStore(given.State, given.StateKey)
	if err != nil {
		t.Fatal(err)
	}
	attempts := func(given configuration) int {
		loaded := &renewal{given: given, store: kept, metrics: newMetrics("shop.test")}
		if err := loaded.load(); err != nil {
			t.Fatal(err)
		}
		loaded.state.Attempts, loaded.state.Next = loaded.state.Attempts+1, time.Now().Add(time.Hour)
		if err := kept.write(loaded.state); err != nil {
			t.Fatal(err)
		}
		return loaded.state.Attempts
	}
	attempts(given)
	if got := attempts(given); got != 2 {
		t.Fatalf("%d attempts with the same settings", got)
	}
	for what, correct := range map[string]func(){
		"directory_ca": func() { given.DirectoryCA = "another" },
		"names":        func() { given.Names = []string{"www.shop.test"} },
		"nameservers":  func() { given.Nameservers = []string{"10.0.0.53:53"} },
		"environment":  func() { given.Environment = map[string]string{"HETZNER_API_TOKEN": "another"} },
	} {
		correct()
		if got := attempts(given); got != 1 {
			t.Errorf("%d attempts after a correction of %s", got, what)
		}
	}
}

func TestWhatWasAdvisedOfACertificateIsNotSaidOfTheNextOne(t *testing.T) {
	t.Parallel()
	// Nobody listens there.
	given := configuration{Directory: "https://" + free(t) + "/dir"}
	away, err := newAuthority(given, nil)
	if err != nil {
		t.Fatal(err)
	}
	asking := &renewal{given: given, authority: away}
	if asking.state.Account, err = newAccount(given); err != nil {
		t.Fatal(err)
	}
	var leaves []*x509.Certificate
	for range 2 {
		chain, key := selfSigned(t)
		leaf, err := pair{Chain: chain, Key: key}.leaf()
		if err != nil {
			t.Fatal(err)
		}
		leaves = append(leaves, leaf)
	}
	chosen := time.Now().Add(-time.Minute)
	asking.advice = advice{leaf: leaves[0], chosen: chosen}
	if got := asking.advised(t.Context(), leaves[0]); !got.Equal(chosen) {
		t.Errorf("%s for the one that it was said of", got)
	}
	if got := asking.advised(t.Context(), leaves[1]); !got.IsZero() {
		t.Errorf("%s for the next one, which would be renewed at once", got)
	}
}
