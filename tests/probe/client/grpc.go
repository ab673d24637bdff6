package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"

	"gostack.dev/probe/echo"
)

// caller makes calls over one connection and keeps what came of them.
type caller struct {
	connection *grpc.ClientConn
	to         *target
	count      int
	interval   time.Duration
	timeout    time.Duration
	request    map[string]any
	statuses   *tally
	instances  *tally
	failures   []string
}

// runGRPC makes `count` calls (0: for ever), one every `interval`. -url is https://host:port, or http://host:port
// for one without TLS.
func runGRPC(ctx context.Context, arguments []string) (map[string]any, error) {
	set, to := flags("grpc")
	c := &caller{to: to, statuses: newTally(), instances: newTally(), failures: []string{}}
	kind := set.String("kind", "unary", "unary, stream (one way), chat (both ways), health or unknown (no such method)")
	set.IntVar(&c.count, "count", 1, "calls, or messages of a stream; 0 for ever")
	set.DurationVar(&c.interval, "interval", 100*time.Millisecond, "time between two of them")
	set.DurationVar(&c.timeout, "timeout", 0, "deadline of each call; 0 for none")
	code := set.Int("code", 0, "status that the service is asked to answer")
	sleep := set.Float64("sleep", 0, "seconds that the service is asked to take")
	text := set.String("text", "hello", "what is to be echoed")
	_ = set.Parse(arguments)
	c.request = map[string]any{"text": *text, "code": *code, "sleep": *sleep}
	security := insecure.NewCredentials()
	if strings.HasPrefix(to.url, "https://") {
		config, err := to.tls()
		if err != nil {
			return nil, err
		}
		security = credentials.NewTLS(config)
	}
	var err error
	dial := func(ctx context.Context, address string) (net.Conn, error) { return to.dial(ctx, "tcp", address) }
	c.connection, err = grpc.NewClient(
		"passthrough:///"+to.host(), grpc.WithTransportCredentials(security), grpc.WithContextDialer(dial),
		grpc.WithUserAgent("probe-client"),
	)
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.connection.Close() }()
	for name, values := range to.header() {
		ctx = metadata.AppendToOutgoingContext(ctx, name, values[0])
	}
	switch *kind {
	case "unary":
		c.repeat(ctx, func(ctx context.Context) error { return c.unary(ctx, "Say") })
	case "unknown":
		c.repeat(ctx, func(ctx context.Context) error { return c.unary(ctx, "NoSuchMethod") })
	case "health":
		c.repeat(ctx, c.health)
	case "stream":
		c.keep(ctx, c.stream(ctx))
	case "chat":
		c.keep(ctx, c.chat(ctx))
	default:
		return nil, fmt.Errorf("%q is no kind of call", *kind)
	}
	return map[string]any{
		"statuses": c.statuses.all(), "instances": c.instances.all(), "failures": c.failures,
	}, nil
}

func (c *caller) repeat(ctx context.Context, call func(context.Context) error) {
	for made := 0; ctx.Err() == nil && (c.count == 0 || made < c.count); made++ {
		limited, cancel := ctx, context.CancelFunc(func() {})
		if c.timeout > 0 {
			limited, cancel = context.WithTimeout(ctx, c.timeout)
		}
		err := call(limited)
		cancel()
		c.keep(ctx, err)
		pause(ctx, c.interval)
	}
}

// keep counts the status of a call, unless this client ended it.
func (c *caller) keep(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	c.statuses.add(status.Code(err).String())
	if err != nil && len(c.failures) < 20 {
		c.failures = append(c.failures, err.Error())
	}
}

func (c *caller) unary(ctx context.Context, method string) error {
	answer := new(structpb.Struct)
	var header, trailer metadata.MD
	err := c.connection.Invoke(
		ctx, echo.Path(method), echo.Message(c.request), answer, grpc.Header(&header), grpc.Trailer(&trailer),
	)
	instance := answer.GetFields()["instance"].GetStringValue()
	if instance != "" {
		c.instances.add(instance)
	}
	tell("answer", map[string]any{
		"status": status.Code(err).String(), "message": status.Convert(err).Message(), "instance": instance,
		"text": answer.GetFields()["text"].GetStringValue(), "metadata": answer.GetFields()["metadata"].AsInterface(),
		"header": header, "trailer": trailer,
	})
	return err
}

func (c *caller) health(ctx context.Context) error {
	answer, err := healthpb.NewHealthClient(c.connection).Check(ctx, &healthpb.HealthCheckRequest{})
	tell("health", map[string]any{"status": status.Code(err).String(), "serving": answer.GetStatus().String()})
	return err
}

func (c *caller) stream(ctx context.Context) error {
	stream, err := c.connection.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, echo.Path("Count"))
	if err != nil {
		return err
	}
	messages := c.count
	if messages == 0 {
		messages = 1 << 30
	}
	request := echo.Message(map[string]any{"count": messages, "pause": c.interval.Seconds()})
	if err := errors.Join(stream.SendMsg(request), stream.CloseSend()); err != nil {
		return err
	}
	for {
		message := new(structpb.Struct)
		if err := stream.RecvMsg(message); err != nil {
			tell("trailer", map[string]any{"trailer": stream.Trailer()})
			return notEOF(err)
		}
		fields := message.GetFields()
		c.instances.add(fields["instance"].GetStringValue())
		tell("message", map[string]any{"index": fields["index"].GetNumberValue()})
	}
}

func (c *caller) chat(ctx context.Context) error {
	description := &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}
	stream, err := c.connection.NewStream(ctx, description, echo.Path("Chat"))
	if err != nil {
		return err
	}
	for sent := 0; c.count == 0 || sent < c.count; sent++ {
		text := fmt.Sprintf("message %d", sent)
		if err := stream.SendMsg(echo.Message(map[string]any{"text": text})); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		message := new(structpb.Struct)
		if err := stream.RecvMsg(message); err != nil {
			return notEOF(err)
		}
		fields := message.GetFields()
		if came := fields["text"].GetStringValue(); came != text {
			return fmt.Errorf("%q was sent and %q came back", text, came)
		}
		c.instances.add(fields["instance"].GetStringValue())
		tell("message", map[string]any{"text": text})
		if sent+1 == c.count {
			break
		}
		if !pause(ctx, c.interval) {
			return ctx.Err()
		}
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	err = stream.RecvMsg(new(structpb.Struct))
	tell("trailer", map[string]any{"trailer": stream.Trailer()})
	return notEOF(err)
}

func notEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
