package main

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"
)

// member is a server that says its name to whoever connects, then repeats what it hears.
func member(t *testing.T, name string) string {
	t.Helper()
	listener := listening(t)
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.WriteString(connection, name+"\n")
				_, _ = io.Copy(connection, connection)
				_ = connection.Close()
			}()
		}
	}()
	return listener.Addr().String()
}

func listening(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return listener
}

// serving is a proxy on an address of its own.
func serving(t *testing.T) (*proxy, string) {
	t.Helper()
	p, listener := newProxy(), listening(t)
	go func() { _ = p.serve(listener) }()
	return p, listener.Addr().String()
}

// session is a client's connection.
type session struct {
	t          *testing.T
	connection net.Conn
	reader     *bufio.Reader
}

func connect(t *testing.T, address string) *session {
	t.Helper()
	connection, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	_ = connection.SetDeadline(time.Now().Add(5 * time.Second))
	return &session{t, connection, bufio.NewReader(connection)}
}

func (s *session) expect(line string) {
	s.t.Helper()
	if got, err := s.reader.ReadString('\n'); got != line+"\n" {
		s.t.Fatalf("heard %q (%v), not %q", got, err, line)
	}
}

func (s *session) say(line string) {
	s.t.Helper()
	if _, err := io.WriteString(s.connection, line+"\n"); err != nil {
		s.t.Fatal(err)
	}
}

// expectEnd wants the connection to be over without another word, long before its deadline.
func (s *session) expectEnd() {
	s.t.Helper()
	text, err := s.reader.ReadString('\n')
	if text != "" || err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		s.t.Fatalf("it goes on: %q, %v", text, err)
	}
}

func TestAConnectionLeadsToThePrimaryBothWaysUntilTheClientEndsIt(t *testing.T) {
	p, address := serving(t)
	p.heard("west", member(t, "west"))
	client := connect(t, address)
	client.expect("west")
	client.say("INSERT")
	client.expect("INSERT")
	_ = client.connection.Close()
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		p.mutex.Lock()
		open := len(p.open)
		p.mutex.Unlock()
		if open == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the proxy still knows a connection that has ended")
		}
	}
}

func TestANewPrimaryEndsTheConnectionsToTheOneBeforeEvenIfThatSaysNothing(t *testing.T) {
	p, address := serving(t)
	p.heard("east", member(t, "east"))
	old := connect(t, address)
	old.expect("east")
	p.heard("west", member(t, "west"))
	old.expectEnd()
	again := connect(t, address)
	again.expect("west")
	// That east is none any more is old news.
	p.heard("east", "")
	again.say("INSERT")
	again.expect("INSERT")
}

func TestWithoutAPrimaryConnectionsAreRefusedAtOnceAndThoseThatAreOpenStay(t *testing.T) {
	p, address := serving(t)
	east := member(t, "east")
	p.heard("east", east)
	open := connect(t, address)
	open.expect("east")
	p.heard("east", "")
	connect(t, address).expectEnd()
	// It had only been slow to say that it is the primary.
	p.heard("east", east)
	open.say("INSERT")
	open.expect("INSERT")
}

func TestAPrimaryThatIsGoneRefusesAtOnce(t *testing.T) {
	p, address := serving(t)
	gone := listening(t)
	_ = gone.Close()
	p.heard("east", gone.Addr().String())
	connect(t, address).expectEnd()
}

func TestAMemberThatEndsAConnectionEndsItForTheClient(t *testing.T) {
	p, address := serving(t)
	listener := listening(t)
	p.heard("east", listener.Addr().String())
	client := connect(t, address)
	server, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	_ = server.Close()
	client.expectEnd()
}

func TestTheNewestClaimIsThePrimary(t *testing.T) {
	type said struct{ datacenter, member string }
	for name, c := range map[string]struct {
		said    []said
		primary string
	}{
		"nobody has said anything":              {nil, ""},
		"it moves":                              {[]said{{"east", "a"}, {"east", ""}, {"west", "b"}}, "b"},
		"the new one is heard of first":         {[]said{{"east", "a"}, {"west", "b"}, {"east", ""}}, "b"},
		"it comes back":                         {[]said{{"east", "a"}, {"west", "b"}, {"west", ""}, {"east", ""}, {"east", "a"}}, "a"},
		"a lost region says the same again":     {[]said{{"east", "a"}, {"west", "b"}, {"east", "a"}}, "b"},
		"an old answer came last at the start":  {[]said{{"west", "b"}, {"east", "a"}, {"east", ""}}, "b"},
		"there is none":                         {[]said{{"east", "a"}, {"east", ""}}, ""},
		"another region has none all the while": {[]said{{"west", ""}, {"east", "a"}, {"west", ""}}, "a"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProxy()
			for _, one := range c.said {
				p.heard(one.datacenter, one.member)
			}
			if p.primary != c.primary {
				t.Fatalf("the primary is %q, not %q", p.primary, c.primary)
			}
			answer := httptest.NewRecorder()
			p.ServeHTTP(answer, nil)
			if well := answer.Code == http.StatusOK; well != (c.primary != "") {
				t.Fatalf("its check is answered %d", answer.Code)
			}
		})
	}
}
