package kafka

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"syscall"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"
	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/bus"
)

// clientID is how the brokers' logs and quotas know us.
const clientID = "leakytap"

const (
	dialTimeout = 5 * time.Second
	// metadataTTL is how long a moved leader may go unnoticed by the writer.
	metadataTTL = 3 * time.Second
	// batchTimeout is how long the writer waits for more to send along.
	batchTimeout = 10 * time.Millisecond
)

// connect makes the dialer that readers and groups use, and the writer on its
// transport; TLS and SASL are the same for both.
func (b *Bus) connect() error {
	tlsConfig, err := b.cfg.TLS.Config()
	if err != nil {
		return err
	}
	mechanism, err := saslMechanism(b.cfg.SASL)
	if err != nil {
		return err
	}
	dial := (&net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}).DialContext
	b.dialer = newDialer(dial, tlsConfig, mechanism)
	b.transport = &kafkago.Transport{
		Dial:        dial,
		DialTimeout: dialTimeout,
		MetadataTTL: metadataTTL,
		ClientID:    clientID,
		TLS:         tlsConfig,
		SASL:        mechanism,
	}
	fenced := fence{rt: b.transport, end: b.closing}
	addr := kafkago.TCP(b.cfg.Brokers...)
	b.client = &kafkago.Client{Addr: addr, Timeout: callTimeout, Transport: fenced}
	b.writer = &kafkago.Writer{
		Addr: addr,
		// The key alone decides, and as every other client decides it; an empty key too.
		Balancer:     kafkago.Murmur2Balancer{Consistent: true},
		RequiredAcks: kafkago.RequireAll,
		Compression:  kafkago.Snappy,
		BatchTimeout: batchTimeout,
		// Never exceeded: what is on the way stays below, so that no batch is split.
		BatchSize:       maxMessages,
		BatchBytes:      16 * maxOnTheWay,
		MaxAttempts:     5,
		WriteBackoffMin: 50 * time.Millisecond,
		WriteBackoffMax: 500 * time.Millisecond,
		ReadTimeout:     callTimeout,
		WriteTimeout:    callTimeout,
		Transport:       fenced,
		ErrorLogger:     b.chatter(),
	}
	return nil
}

type dialFunc func(ctx context.Context, network, addr string) (net.Conn, error)

func newDialer(dial dialFunc, tlsConfig *tls.Config, mechanism sasl.Mechanism) *kafkago.Dialer {
	return &kafkago.Dialer{ClientID: clientID, Timeout: dialTimeout, DialFunc: dial, TLS: tlsConfig, SASLMechanism: mechanism}
}

func saslMechanism(s *bus.SASL) (sasl.Mechanism, error) {
	if s == nil {
		return nil, nil //nolint:nilnil // no SASL is a valid answer and the library writes it as nil
	}
	switch strings.ToLower(s.Mechanism) {
	case bus.SASLPlain:
		return plain.Mechanism{Username: s.Username, Password: s.Password.Reveal()}, nil
	case bus.SASLScramSHA256:
		return scram.Mechanism(scram.SHA256, s.Username, s.Password.Reveal())
	case bus.SASLScramSHA512:
		return scram.Mechanism(scram.SHA512, s.Username, s.Password.Reveal())
	default:
		return nil, fmt.Errorf("sasl mechanism %q is not known; write plain, scram-sha-256 or scram-sha-512", s.Mechanism)
	}
}

// fence ends every call of the client and the writer when the Bus ends: the
// library's own retries know no context.
type fence struct {
	rt  kafkago.RoundTripper
	end context.Context //nolint:containedctx // the end of the Bus, not of a call
}

// RoundTrip passes a request on.
func (f fence) RoundTrip(ctx context.Context, addr net.Addr, req kafkago.Request) (kafkago.Response, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(f.end, cancel)() //nolint:contextcheck // two lives meet here, the call's and the Bus's
	return f.rt.RoundTrip(ctx, addr, req)
}

// lines are the connections of one reader or group. Cutting them is the one way
// to end a call that the library makes without a context.
type lines struct {
	mu     sync.Mutex
	open   map[*line]struct{}
	closed bool
}

// line is a connection that takes itself off the list when it is closed.
type line struct {
	net.Conn
	from *lines
}

// Close closes the connection.
func (l *line) Close() error {
	l.from.mu.Lock()
	delete(l.from.open, l)
	l.from.mu.Unlock()
	return l.Conn.Close()
}

// dialer is d with its connections on the list.
func (ls *lines) dialer(d *kafkago.Dialer) *kafkago.Dialer {
	own := *d
	own.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := d.DialFunc(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		ls.mu.Lock()
		defer ls.mu.Unlock()
		if ls.closed {
			return nil, errors.Join(net.ErrClosed, conn.Close())
		}
		l := &line{Conn: conn, from: ls}
		if ls.open == nil {
			ls.open = map[*line]struct{}{}
		}
		ls.open[l] = struct{}{}
		return l, nil
	}
	return &own
}

// cut closes what is open; with forGood nothing can be opened again.
func (ls *lines) cut(forGood bool) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	ls.closed = ls.closed || forGood
	for l := range ls.open {
		_ = l.Conn.Close()
	}
	ls.open = nil
}

// temporary says whether the same call may work in a while.
func temporary(err error) bool {
	var t interface{ Temporary() bool }
	if errors.As(err, &t) && t.Temporary() {
		return true
	}
	var op *net.OpError
	return errors.As(err, &op) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) ||
		errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, kafkago.UnknownTopicOrPartition)
}

// chatter is where the library's own messages go: they repeat what errors say.
func (b *Bus) chatter() kafkago.Logger {
	log := b.log.Sugar()
	return kafkago.LoggerFunc(func(format string, args ...any) {
		log.Debugw("kafka client", zap.String("said", fmt.Sprintf(format, args...)))
	})
}
