// Package echo is the gRPC service of the probe: an unary method, a stream in one direction and one in both.
//
// Its messages are google.protobuf.Struct, so that nothing needs to be generated:
//
//	service Echo {
//	  rpc Say(Struct) returns (Struct);           // {text, sleep, code} -> {text, instance, authority, metadata}
//	  rpc Sick(Struct) returns (Struct);          // {on}: what the health service says from now on
//	  rpc Count(Struct) returns (stream Struct);  // {count, pause} -> {index, instance}
//	  rpc Chat(stream Struct) returns (stream Struct);
//	}
package echo

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/structpb"
)

// Service is its full name, the first part of its path.
const Service = "probe.Echo"

// Server is what an implementation has.
type Server interface {
	Say(context.Context, *structpb.Struct) (*structpb.Struct, error)
	Sick(context.Context, *structpb.Struct) (*structpb.Struct, error)
	Count(*structpb.Struct, grpc.ServerStream) error
	Chat(grpc.ServerStream) error
}

// Description is the service as a gRPC server registers it.
var Description = grpc.ServiceDesc{
	ServiceName: Service,
	HandlerType: (*Server)(nil),
	Methods:     []grpc.MethodDesc{unary("Say", Server.Say), unary("Sick", Server.Sick)},
	Streams: []grpc.StreamDesc{
		{StreamName: "Count", ServerStreams: true, Handler: func(server any, stream grpc.ServerStream) error {
			request := new(structpb.Struct)
			if err := stream.RecvMsg(request); err != nil {
				return err
			}
			return server.(Server).Count(request, stream)
		}},
		{StreamName: "Chat", ServerStreams: true, ClientStreams: true,
			Handler: func(server any, stream grpc.ServerStream) error { return server.(Server).Chat(stream) }},
	},
}

type method func(Server, context.Context, *structpb.Struct) (*structpb.Struct, error)

func unary(name string, call method) grpc.MethodDesc {
	handler := func(
		server any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor,
	) (any, error) {
		request := new(structpb.Struct)
		if err := decode(request); err != nil {
			return nil, err
		}
		if interceptor == nil {
			return call(server.(Server), ctx, request)
		}
		info := &grpc.UnaryServerInfo{Server: server, FullMethod: Path(name)}
		return interceptor(ctx, request, info, func(ctx context.Context, request any) (any, error) {
			return call(server.(Server), ctx, request.(*structpb.Struct))
		})
	}
	return grpc.MethodDesc{MethodName: name, Handler: handler}
}

// Path is the path of a method.
func Path(method string) string { return "/" + Service + "/" + method }

// Message makes a message; it is a mistake of the program when a value is of no type that JSON has.
func Message(values map[string]any) *structpb.Struct {
	message, err := structpb.NewStruct(values)
	if err != nil {
		panic(err)
	}
	return message
}
