package bluesky

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/coder/websocket"

	"github.com/leakytap/leakytap/internal/httpx"
	"github.com/leakytap/leakytap/internal/ingest"
	"github.com/leakytap/leakytap/pkg/mention"
)

const (
	// readLimit is the largest frame; the server is asked to leave out any over 1 MB.
	readLimit = 8 << 20
	// queued is how many events wait while a batch is on its way; then reading stops.
	queued = 512
	// batchSize and batchWait bound a batch.
	batchSize = 500
	batchWait = 100 * time.Millisecond
	// behind is how old an event is when the stream is catching up.
	behind = time.Minute
	// enrichWithin is how long a post may wait for its author's profile.
	enrichWithin = 1900 * time.Millisecond
)

// stream is one connection, from the handshake to its end. It never gives a nil
// error; heard says that frames came before it.
func (s *Source) stream(ctx context.Context, sess *ingest.Session, begun time.Time) (heard bool, err error) {
	compressed := s.compress && !s.dicts.unusable()
	conn, err := s.dial(ctx, s.subscribeURL(sess, compressed, begun))
	if err != nil {
		return false, err
	}
	defer func() { _ = conn.CloseNow() }()
	conn.SetReadLimit(readLimit)
	if err := anchor(ctx, sess, begun); err != nil {
		return false, err
	}
	ctx, cancel := context.WithCancel(ctx)
	events, ended := make(chan event, queued), make(chan error, 1)
	go func() {
		defer close(events)
		ended <- s.read(ctx, conn, events)
	}()
	defer func() {
		cancel()
		for range events { // let the reader end before the connection is closed
		}
	}()
	for {
		batch, open := collect(ctx, events)
		if len(batch) > 0 {
			heard = true
			if err := s.publish(ctx, sess, batch); err != nil {
				return heard, err
			}
		}
		if !open {
			return heard, <-ended
		}
	}
}

// anchor keeps when the source was started first, so that what is said between the
// end of the first connection and the next one is not missed even if it never sent a
// frame.
func anchor(ctx context.Context, sess *ingest.Session, begun time.Time) error {
	if _, ok := last(sess); ok {
		return nil
	}
	raw, err := json.Marshal(cursor{TimeUS: begun.UnixMicro()})
	if err != nil {
		return fmt.Errorf("encoding the cursor: %w", err)
	}
	return sess.Publish(ctx, ingest.Batch{Cursor: raw})
}

func (s *Source) dial(ctx context.Context, to string) (*websocket.Conn, error) {
	conn, resp, err := websocket.Dial(ctx, to, &websocket.DialOptions{HTTPClient: s.client.HTTP()}) //nolint:bodyclose // the library closes it
	if err == nil {
		return conn, nil
	}
	if resp != nil && resp.StatusCode != http.StatusSwitchingProtocols {
		answer := httpx.Response{Status: resp.StatusCode, Header: resp.Header}
		if bad := answer.Err(); bad != nil {
			return nil, &ingest.Error{Reason: ingest.ReasonOf(bad), Err: fmt.Errorf("the server refuses the stream with status %d", resp.StatusCode)}
		}
		return nil, ingest.Fault(ingest.ReasonBadBody, "the server does not speak websocket")
	}
	return nil, httpx.AsError(err)
}

// read hands the frames of conn to events until the connection ends. A read
// that lasts longer than idle closes it: that is the watchdog.
func (s *Source) read(ctx context.Context, conn *websocket.Conn, events chan<- event) error {
	for {
		rctx, cancel := context.WithTimeout(ctx, s.idle)
		typ, data, err := conn.Read(rctx)
		silent := rctx.Err() != nil && ctx.Err() == nil
		cancel()
		switch {
		case err == nil:
		case silent:
			return ingest.Fault(ingest.ReasonIdle, "no frame came for "+s.idle.String())
		default:
			return closed(err)
		}
		if typ == websocket.MessageBinary {
			if data, err = s.dicts.decode(ctx, data); err != nil {
				return err
			}
		}
		e := parse(data, time.Now())
		if e.identity != "" {
			s.profiles.forget(e.identity)
		}
		select {
		case events <- e:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func closed(err error) error {
	if code := websocket.CloseStatus(err); code != -1 {
		return ingest.Fault(ingest.ReasonClosed, fmt.Sprintf("the server closed the stream with code %d", code))
	}
	if errors.Is(err, context.Canceled) {
		return err
	}
	return &ingest.Error{Reason: ingest.ReasonClosed, Err: fmt.Errorf("the stream broke: %w", err)}
}

// collect waits for an event and takes what comes with it.
func collect(ctx context.Context, events <-chan event) (batch []event, open bool) {
	select {
	case e, ok := <-events:
		if !ok {
			return nil, false
		}
		batch = append(batch, e)
	case <-ctx.Done():
		return nil, false
	}
	t := time.NewTimer(batchWait)
	defer t.Stop()
	for len(batch) < batchSize {
		select {
		case e, ok := <-events:
			if !ok {
				return batch, false
			}
			batch = append(batch, e)
		case <-t.C:
			return batch, true
		case <-ctx.Done():
			return batch, false
		}
	}
	return batch, true
}

// publish hands a batch on. Posts and deleted accounts keep their order: a batch
// ends at a deleted account.
func (s *Source) publish(ctx context.Context, sess *ingest.Session, batch []event) error {
	for len(batch) > 0 {
		n := 0
		var b ingest.Batch
		var last int64
		for n < len(batch) && len(b.GoneAuthors) == 0 {
			e := batch[n]
			n++
			last = max(last, e.timeUS)
			switch {
			case e.bad != "":
				b.Bad = append(b.Bad, ingest.Bad{Reason: ingest.ReasonBadItem, Detail: e.bad, Key: sess.Name(), Value: e.raw})
			case e.gone != "":
				b.GoneAuthors = append(b.GoneAuthors, mention.Mention{Platform: Platform, Author: mention.Author{ID: e.gone}}.AuthorKey())
			case e.post.NativeID != "":
				b.Posts = append(b.Posts, e.post)
			}
		}
		if last > 0 {
			c, err := json.Marshal(cursor{TimeUS: last})
			if err != nil {
				return fmt.Errorf("encoding the cursor: %w", err)
			}
			b.Cursor = c
			b.Backlog = time.Since(time.UnixMicro(last)) > behind
		}
		deadline := batch[0].at.Add(enrichWithin)
		b.Enrich = func(ctx context.Context, posts []*mention.Mention) {
			until := deadline
			if later, ok := ctx.Deadline(); ok && later.After(until) {
				until = later
			}
			if !s.profiles.fill(ctx, posts, until) {
				sess.Note(ingest.ReasonProfiles)
			}
		}
		if err := sess.Publish(ctx, b); err != nil {
			return err
		}
		sess.OK(ctx)
		batch = batch[n:]
	}
	return nil
}
