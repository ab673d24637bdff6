package main

import (
	"context"
	"errors"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"

	"gostack.dev/probe/echo"
)

type echoServer struct{ probe *probe }

func newGRPC(p *probe) *grpc.Server {
	server := grpc.NewServer()
	server.RegisterService(&echo.Description, &echoServer{p})
	healthpb.RegisterHealthServer(server, p.health)
	return server
}

// Say answers after `sleep` seconds, with the status `code` where one is asked for; header and trailer have the instance.
func (s *echoServer) Say(ctx context.Context, request *structpb.Struct) (*structpb.Struct, error) {
	fields := request.GetFields()
	_ = grpc.SetHeader(ctx, metadata.Pairs("x-instance", s.probe.instance))
	_ = grpc.SetTrailer(ctx, metadata.Pairs("x-checksum", "42", "x-instance", s.probe.instance))
	select {
	case <-time.After(time.Duration(fields["sleep"].GetNumberValue() * float64(time.Second))):
	case <-ctx.Done():
		return nil, status.FromContextError(ctx.Err()).Err()
	}
	if code := codes.Code(fields["code"].GetNumberValue()); code != codes.OK {
		return nil, status.Error(code, "as asked")
	}
	received, _ := metadata.FromIncomingContext(ctx)
	kept := map[string]any{}
	for name, values := range received {
		kept[name] = values[0]
	}
	text := fields["text"].GetStringValue()
	return echo.Message(map[string]any{"text": text, "instance": s.probe.instance, "metadata": kept}), nil
}

// Sick changes what the health service says.
func (s *echoServer) Sick(_ context.Context, request *structpb.Struct) (*structpb.Struct, error) {
	s.probe.setSick(request.GetFields()["on"].GetBoolValue())
	return echo.Message(map[string]any{"instance": s.probe.instance}), nil
}

// Count sends `count` messages, one every `pause` seconds.
func (s *echoServer) Count(request *structpb.Struct, stream grpc.ServerStream) error {
	fields := request.GetFields()
	stream.SetTrailer(metadata.Pairs("x-checksum", "42"))
	pause := time.Duration(fields["pause"].GetNumberValue() * float64(time.Second))
	for index := range int(fields["count"].GetNumberValue()) {
		message := echo.Message(map[string]any{"index": index, "instance": s.probe.instance})
		if err := stream.SendMsg(message); err != nil {
			return err
		}
		select {
		case <-time.After(pause):
		case <-s.probe.stopping:
			return status.Error(codes.Unavailable, "the service is released anew")
		case <-stream.Context().Done():
			return status.FromContextError(stream.Context().Err()).Err()
		}
	}
	return nil
}

// Chat echoes messages until the client is done, or says goodbye when the process is told to end.
func (s *echoServer) Chat(stream grpc.ServerStream) error {
	stream.SetTrailer(metadata.Pairs("x-checksum", "42"))
	received := make(chan *structpb.Struct)
	failed := make(chan error, 1)
	go func() {
		for {
			message := new(structpb.Struct)
			if err := stream.RecvMsg(message); err != nil {
				failed <- err
				return
			}
			select {
			case received <- message:
			case <-stream.Context().Done():
				return
			}
		}
	}()
	for {
		select {
		case message := <-received:
			text := message.GetFields()["text"].GetStringValue()
			if err := stream.SendMsg(echo.Message(map[string]any{"text": text, "instance": s.probe.instance})); err != nil {
				return err
			}
		case err := <-failed:
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		case <-s.probe.stopping:
			return status.Error(codes.Unavailable, "the service is released anew")
		}
	}
}
