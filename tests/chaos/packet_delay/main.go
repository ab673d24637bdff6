// packet-delay holds back or drops the packets that a firewall rule hands to a queue (iptables -j NFQUEUE).
//
// It does what the kernel's sch_netem does, on kernels that were built without it: whole packets are late or lost, so
// that handshakes and retransmissions suffer as on a bad line. A proxy could only slow down accepted connections.
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/florianl/go-nfqueue/v2"
	"github.com/mdlayher/netlink"
)

// What a queue holds before the kernel drops the rest; a second of a few thousand packets.
const longestQueue = 8192

func main() {
	queue := flag.Uint("queue", 1, "number of the queue")
	delay := flag.Duration("delay", 0, "time that every packet is held back")
	loss := flag.Float64("loss", 0, "share of packets that is dropped, from 0 to 1")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, uint16(*queue), *delay, *loss); err != nil {
		fmt.Fprintln(os.Stderr, "packet-delay:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, number uint16, delay time.Duration, loss float64) error {
	queue, err := nfqueue.Open(&nfqueue.Config{
		NfQueue: number,
		// The verdict needs a packet's number, not its content.
		MaxPacketLen: 64,
		MaxQueueLen:  longestQueue,
		Copymode:     nfqueue.NfQnlCopyPacket,
		WriteTimeout: time.Second,
	})
	if err != nil {
		return fmt.Errorf("open queue %d: %w", number, err)
	}
	defer queue.Close()
	// A burst that overflows the socket loses packets, which is what a bad line does; it is no reason to stop.
	if err := queue.SetOption(netlink.NoENOBUFS, true); err != nil {
		return fmt.Errorf("set the socket's option: %w", err)
	}
	decide := func(packet nfqueue.Attribute) int {
		id := *packet.PacketID
		if rand.Float64() < loss {
			_ = queue.SetVerdict(id, nfqueue.NfDrop)
			return 0
		}
		time.AfterFunc(delay, func() { _ = queue.SetVerdict(id, nfqueue.NfAccept) })
		return 0
	}
	failed := make(chan error, 1)
	onError := func(err error) int {
		select {
		case failed <- err:
		default:
		}
		return 1
	}
	if err := queue.RegisterWithErrorFunc(ctx, decide, onError); err != nil {
		return fmt.Errorf("listen to queue %d: %w", number, err)
	}
	fmt.Println("ready")
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		return fmt.Errorf("read queue %d: %w", number, err)
	}
}
