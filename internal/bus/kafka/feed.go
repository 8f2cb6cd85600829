package kafka

import (
	"context"
	"errors"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/leakytap/leakytap/internal/bus"
)

// errQuiet says that a feed had nothing for a while.
var errQuiet = errors.New("nothing came")

const (
	// maxWait is how long a broker holds an empty answer back.
	maxWait = 5 * time.Second
	// fetchBytes is what a reader asks for at once. Between the socket and the
	// handler wait at most queued+buffered messages of a partition.
	fetchBytes = 1 << 20
	queued     = 32
	buffered   = 96
)

// feed is a reader of one partition, from one offset on.
type feed struct {
	reader *kafkago.Reader
	lines  *lines
	out    chan kafkago.Message
	failed chan error
	stop   context.CancelFunc
	done   chan struct{}
}

// openFeed begins to read. It must be closed.
func (b *Bus) openFeed(ctx context.Context, topic string, part int, offset int64) *feed {
	f := &feed{
		lines:  &lines{},
		out:    make(chan kafkago.Message, buffered),
		failed: make(chan error, 1),
		done:   make(chan struct{}),
	}
	f.reader = kafkago.NewReader(kafkago.ReaderConfig{
		Brokers:       b.cfg.Brokers,
		Topic:         b.topicName(topic),
		Partition:     part,
		Dialer:        f.lines.dialer(b.dialer),
		MinBytes:      1,
		MaxBytes:      fetchBytes,
		MaxWait:       maxWait,
		QueueCapacity: queued,
		// A negative interval: lag is asked for elsewhere.
		ReadLagInterval:       -1,
		ReadBackoffMin:        50 * time.Millisecond,
		ReadBackoffMax:        time.Second,
		OffsetOutOfRangeError: true,
		ErrorLogger:           b.chatter(),
	})
	ctx, f.stop = context.WithCancel(ctx)
	go f.pump(ctx, offset)
	return f
}

// pump moves messages from the reader to out until it fails or is stopped.
func (f *feed) pump(ctx context.Context, offset int64) {
	defer close(f.done)
	err := f.reader.SetOffset(offset)
	for err == nil {
		var m kafkago.Message
		if m, err = f.reader.FetchMessage(ctx); err != nil {
			break
		}
		select {
		case f.out <- m:
		case <-ctx.Done():
			return
		}
	}
	f.failed <- err
}

// next waits for a message, at most for d, and takes whatever else is there, as
// much as a handler gets at once.
func (f *feed) next(ctx context.Context, d time.Duration) ([]kafkago.Message, error) {
	t := time.NewTimer(d)
	defer t.Stop()
	var batch []kafkago.Message
	var size int
	select {
	case m := <-f.out:
		batch = append(batch, m)
		size = len(m.Key) + len(m.Value)
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-t.C:
		return nil, errQuiet
	case err := <-f.failed:
		// What came before the failure comes again from the next feed.
		return nil, err
	}
	for len(batch) < bus.MaxBatch && size < bus.MaxBatchBytes {
		select {
		case m := <-f.out:
			batch = append(batch, m)
			size += len(m.Key) + len(m.Value)
		default:
			return batch, nil
		}
	}
	return batch, nil
}

// close stops the reader at once: a read that waits for a broker ends with its
// connection.
func (f *feed) close() {
	f.stop()
	f.lines.cut(true)
	_ = f.reader.Close()
	<-f.done
}
