package webhook

import (
	"context"
	"errors"
	"strconv"

	"github.com/leakytap/leakytap/internal/ingest"
	"github.com/leakytap/leakytap/internal/ingest/row"
)

const (
	// pieceRows and pieceBytes bound what is read and published at a time.
	pieceRows  = 500
	pieceBytes = 4 << 20
	// maxBuried is how many bad rows of one request are put aside; the others are
	// counted. A sender is told of each.
	maxBuried = 1000
	// maxNamed is how many bad rows an answer names.
	maxNamed = 100
	// maxKept is how much of a bad row is put aside.
	maxKept = 256 << 10
)

// result is what became of the rows of one request.
type result struct {
	accepted, rejected int
	named              []badRow
}

// badRow is a row that could not be read.
type badRow struct {
	Line  int    `json:"line"`
	Error string `json:"error"`
}

// deliver publishes the rows piece by piece. It gives false and what to answer
// when the log did not take one: then the sender has to send all of them again,
// and those that are there already are known by their ids.
func (s *Source) deliver(ctx context.Context, l lease, rs *rows) (result, answer, bool) {
	var res result
	for more := true; more; {
		var piece ingest.Batch
		if piece, more = s.piece(l.sess, rs, &res); len(piece.Posts) == 0 && len(piece.Bad) == 0 {
			continue
		}
		select {
		case <-l.closing:
			return res, later(1, "not_running", "the source is being stopped; send all of it again"), false
		default:
		}
		if err := s.publish(ctx, l, piece); err != nil {
			return res, later(5, "unavailable", "the rows could not be made durable; send all of them again"), false
		}
		res.accepted += len(piece.Posts)
	}
	if res.accepted > 0 {
		l.sess.OK(ctx)
	}
	return res, answer{}, true
}

func (s *Source) publish(ctx context.Context, l lease, b ingest.Batch) error {
	ctx, cancel := context.WithTimeout(ctx, s.wait)
	defer cancel()
	err := l.sess.Publish(ctx, b)
	if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		l.sess.Fail(ctx, &ingest.Error{Reason: ingest.ReasonPublish, Err: err})
	}
	return err
}

// piece reads as many rows as are published at a time, and reports whether there
// may be more.
func (s *Source) piece(sess *ingest.Session, rs *rows, res *result) (ingest.Batch, bool) {
	var b ingest.Batch
	for n, size := 0, 0; n < pieceRows && size < pieceBytes; n++ {
		raw, ok := rs.next()
		if !ok {
			return b, false
		}
		size += len(raw)
		m, err := row.Decode(raw, s.name)
		if err == nil {
			b.Posts = append(b.Posts, m)
			continue
		}
		res.rejected++
		if len(res.named) < maxNamed {
			res.named = append(res.named, badRow{Line: rs.n, Error: err.Error()})
		}
		reason := row.ReasonOf(err, ingest.ReasonBadItem)
		if res.rejected > maxBuried {
			sess.Note(reason)
			continue
		}
		b.Bad = append(b.Bad, ingest.Bad{
			Reason: reason, Detail: "row " + strconv.Itoa(rs.n) + ": " + err.Error(), Key: s.name, Value: raw[:min(len(raw), maxKept)],
		})
	}
	return b, true
}
