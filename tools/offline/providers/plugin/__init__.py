"""What every provider double needs: the values of Pulumi's wire format, and the gRPC service that the engine calls."""
