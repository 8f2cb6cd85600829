package alert

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/record"
)

// send does one attempt at one claimed row and marks what became of it.
func (d *Drain) send(ctx context.Context, j job) {
	if j.Kind == record.NoticeCanary {
		// It has crossed the outbox, which is all that it is for.
		d.marked(j, d.opt.Outbox.MarkSent(ctx, j.ID, j.Attempts, record.Receipt{Key: j.Key}, time.Now()))
		return
	}
	a := &attempt{job: j, msg: Message{Notice: j.Notice, Now: time.Now()}}
	if err := d.prepare(ctx, a); err != nil {
		d.say("reading the case of a message failed", ReasonStore, err)
		d.giveBack(ctx, a, ReasonStore, time.Now().Add(backoff(j.Attempts)))
		return
	}
	if a.drop != "" {
		d.dropped(ctx, a, a.drop)
		return
	}
	if a.done {
		d.marked(j, d.opt.Outbox.MarkSent(ctx, j.ID, j.Attempts, record.Receipt{Key: j.Key}, time.Now()))
		return
	}
	if a.unsure && !d.lookUp(ctx, a) {
		return
	}
	d.deliver(ctx, a)
}

// attempt is one try at one message.
type attempt struct {
	job
	msg Message
	// root is the message that this one updates or answers, nil for a root message.
	root *record.Receipt
	// unsure says that the message may be at the receiver already.
	unsure bool
	// repeat says that it is sent although it could not be looked up.
	repeat bool
	// drop is why it can never be sent, or empty; done says that there is nothing
	// to send any more.
	drop string
	done bool
}

// edits reports whether sending the kind twice is the same as sending it once.
func edits(k record.NoticeKind) bool { return k == record.NoticeUpdate || k == record.NoticeRewrite }

// prepare reads what the message is rendered from.
func (d *Drain) prepare(ctx context.Context, a *attempt) error {
	a.unsure = a.Unsure && !edits(a.Kind)
	if a.Unsure && edits(a.Kind) && repeats(d.opt.Receiver) {
		a.repeat, a.msg.PossibleRepeat = true, true
	}
	if a.Kind == record.NoticeRewrite {
		if err := d.prepareRewrite(ctx, a); err != nil || a.drop != "" || a.done {
			return err
		}
	}
	if a.Case == "" {
		return nil
	}
	if d.opt.Inbox != nil {
		a.msg.Inbox = d.opt.Inbox(a.Case)
	}
	dossier, err := d.opt.Cases.Dossier(ctx, a.Case)
	switch {
	case err == nil:
		a.msg.Dossier = &dossier
	case errors.Is(err, d.opt.NoCase):
		a.drop = ReasonNoCase
		return nil
	default:
		return err
	}
	if a.Kind != record.NoticeUpdate && a.Kind != record.NoticeReply {
		return nil
	}
	r, ok, err := d.opt.Cases.RootReceipt(ctx, a.Case, d.opt.Name)
	switch {
	case err != nil:
		return err
	case ok:
		a.root = &r
	case a.Kind == record.NoticeUpdate:
		// Its card was held, gathered or dropped: there is nothing to bring up to date.
		a.done = true
	}
	return nil
}

// RewriteKey is the key of a notice of kind rewrite: it names the row of the
// outbox whose message is drawn anew, and what tells this rewrite from others.
func RewriteKey(id int64, rest string) string {
	return "rewrite/" + strconv.FormatInt(id, 10) + "/" + rest
}

// rewritten is the row that a RewriteKey names.
func rewritten(key string) (int64, bool) {
	num, _, _ := strings.Cut(strings.TrimPrefix(key, "rewrite/"), "/")
	id, err := strconv.ParseInt(num, 10, 64)
	return id, err == nil
}

var errStillUnderWay = errors.New("the message to rewrite is still under way")

// prepareRewrite finds the message that is to be drawn anew.
func (d *Drain) prepareRewrite(ctx context.Context, a *attempt) error {
	id, ok := rewritten(a.Key)
	if !ok {
		a.drop = ReasonNoRoot
		return nil
	}
	n, err := d.opt.Cases.Notice(ctx, id)
	switch {
	case errors.Is(err, d.opt.NoCase):
		a.done = true
	case err != nil:
		return err
	case n.State == record.NoticeSending:
		return errStillUnderWay
	case n.State != record.NoticeSent || n.TS == "":
		// It was never sent, or will be, with the words that it has now.
		a.done = true
	default:
		a.root = &record.Receipt{Channel: n.Channel, TS: n.TS, Key: n.Key}
		a.msg.Notice, a.msg.Rewritten, a.msg.Rewrite = n, true, a.Key
	}
	return nil
}

// lookUp finds out whether an earlier try arrived. It reports whether the
// message is to be sent now.
func (d *Drain) lookUp(ctx context.Context, a *attempt) bool {
	if !d.mayCall(ctx, a) {
		return false
	}
	since := a.FirstTry
	if since.IsZero() {
		since = a.CreatedAt
	}
	r, found, err := d.opt.Receiver.Find(ctx, a.Key, since, a.root)
	now := time.Now()
	if errors.Is(err, ErrNoLookUp) {
		a.repeat, a.msg.PossibleRepeat = true, true
		return true
	}
	if err != nil {
		return d.cannotLookUp(ctx, a, err, now)
	}
	d.setBlind(time.Time{})
	if found {
		if r.Key == "" {
			r.Key = a.Key
		}
		d.sent(ctx, a, r)
		return false
	}
	a.unsure = false
	return true
}

// cannotLookUp puts the message back until it can be looked up, or, when that
// has been impossible for long, lets it be sent once more with a mark on it.
func (d *Drain) cannotLookUp(ctx context.Context, a *attempt, err error, now time.Time) bool {
	e := asSendError(err)
	d.say("looking up a message failed", e.Reason, err)
	d.opt.Metrics.attemptFailed(d.opt.Name, e.Reason)
	since := d.setBlind(now)
	if e.Limited {
		d.giveBack(ctx, a, a.Error, d.limited(ctx, now, e.After))
		return false
	}
	if now.Sub(since) >= blindFor && a.Error != ReasonPossibleRepeat {
		a.repeat, a.msg.PossibleRepeat = true, true
		d.log.Warn("sending a message again without knowing whether it had arrived", zap.String("key", a.Key))
		return true
	}
	d.giveBack(ctx, a, a.Error, now.Add(d.opt.Settle/2+backoff(a.Attempts)))
	return false
}

// setBlind notes when look-ups began to fail, or that they work, and answers since when they fail.
func (d *Drain) setBlind(t time.Time) time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	if t.IsZero() || d.blind.IsZero() {
		d.blind = t
	}
	return d.blind
}

// mayCall books a call to the receiver, or gives the row back where the
// receiver wants no call now or the claim is too old to begin one.
func (d *Drain) mayCall(ctx context.Context, a *attempt) bool {
	now := time.Now()
	if now.After(a.startBefore) {
		d.opt.Metrics.attemptFailed(d.opt.Name, ReasonClaimExpired)
		d.giveBack(ctx, a, ReasonClaimExpired, now)
		return false
	}
	if d.pace.take(now) {
		return true
	}
	w := d.pace.wait(now)
	if w <= slowGap && !now.Add(w).After(a.startBefore) {
		sleep(ctx, w, nil)
		if d.pace.take(time.Now()) {
			return true
		}
	}
	d.giveBack(ctx, a, a.Error, now.Add(w))
	return false
}

// deliver sends the message, smaller where it was refused as too big.
func (d *Drain) deliver(ctx context.Context, a *attempt) {
	for {
		if !d.mayCall(ctx, a) {
			return
		}
		r, err := d.call(ctx, a)
		if err == nil {
			d.sent(ctx, a, r)
			return
		}
		e := asSendError(err)
		switch {
		case e.Kind == FailTooBig && a.msg.Size < SizeMinimal:
			a.msg.Size++
			continue
		case e.Kind == FailMessage && a.Kind == record.NoticeReply && a.root != nil:
			// Someone deleted the card: what the customer said still has to be heard.
			a.root = nil
			continue
		}
		d.failed(ctx, a, e)
		return
	}
}

func (d *Drain) call(ctx context.Context, a *attempt) (record.Receipt, error) {
	if a.root == nil {
		return d.opt.Receiver.Post(ctx, a.msg)
	}
	if edits(a.Kind) {
		return *a.root, d.opt.Receiver.Update(ctx, *a.root, a.msg)
	}
	return d.opt.Receiver.Reply(ctx, *a.root, a.msg)
}

// failed decides what a failed call means for the row and for the receiver.
func (d *Drain) failed(ctx context.Context, a *attempt, e *SendError) {
	now := time.Now()
	if e.Kind == FailTooBig || e.Kind == FailMessage {
		d.dropped(ctx, a, e.Reason)
		return
	}
	d.opt.Metrics.attemptFailed(d.opt.Name, e.Reason)
	if e.Kind != FailPermanent {
		d.say("sending a message failed", e.Reason, e)
	}
	switch {
	case e.Limited:
		d.giveBack(ctx, a, e.Reason, d.limited(ctx, now, e.After))
	case e.Kind == FailPermanent:
		d.pace.stopped(now)
		d.stopped(ctx, e, now)
		d.giveBack(ctx, a, e.Reason, now)
	case e.Kind == FailAmbiguous && edits(a.Kind) && repeats(d.opt.Receiver):
		// There is nothing to look up and no reason to rest; the next try says what it may be.
		d.pace.failed(now)
		d.marked(a.job, d.opt.Outbox.MarkAmbiguous(ctx, a.ID, a.Attempts, now.Add(max(e.After, backoff(a.Attempts))), e.Reason))
	case e.Kind == FailRetry, edits(a.Kind):
		d.pace.failed(now)
		d.giveBack(ctx, a, e.Reason, now.Add(max(e.After, backoff(a.Attempts))))
	default:
		d.pace.failed(now)
		reason := e.Reason
		if a.repeat {
			reason = ReasonPossibleRepeat
			d.opt.Metrics.repeat(d.opt.Name)
		}
		d.marked(a.job, d.opt.Outbox.MarkAmbiguous(ctx, a.ID, a.Attempts, now.Add(d.opt.Settle), reason))
	}
}

// giveBack ends an attempt that sent nothing. A row that may have arrived
// earlier stays one that must be looked up.
func (d *Drain) giveBack(ctx context.Context, a *attempt, reason string, due time.Time) {
	if a.unsure || a.repeat {
		d.marked(a.job, d.opt.Outbox.MarkAmbiguous(ctx, a.ID, a.Attempts, due, a.Error))
		return
	}
	d.marked(a.job, d.opt.Outbox.MarkRetry(ctx, a.ID, a.Attempts, due, reason))
}

func (d *Drain) sent(ctx context.Context, a *attempt, r record.Receipt) {
	now := time.Now()
	d.pace.worked()
	d.resumed(ctx, now)
	if r.Key == "" {
		r.Key = a.Key
	}
	if a.repeat {
		d.opt.Metrics.repeat(d.opt.Name)
	}
	d.marked(a.job, d.opt.Outbox.MarkSent(ctx, a.ID, a.Attempts, r, now))
	if a.Kind == record.NoticeCard {
		delay := time.Duration(-1)
		if !a.ObservedAt.IsZero() {
			delay = max(now.Sub(a.ObservedAt), 0)
		}
		d.opt.Metrics.cardSent(a.Brand, d.opt.Name, delay)
	}
}

func (d *Drain) dropped(ctx context.Context, a *attempt, reason string) {
	d.opt.Metrics.attemptFailed(d.opt.Name, reason)
	d.log.Warn("dropping a message that can never be sent",
		zap.String("reason", reason), zap.String("kind", string(a.Kind)), zap.String("case", a.Case), zap.Int64("notice", a.ID))
	d.marked(a.job, d.opt.Outbox.MarkDropped(ctx, a.ID, a.Attempts, reason, time.Now()))
}

// marked logs a mark that did not hold: the row then comes back by itself, as
// one that must be looked up.
func (d *Drain) marked(j job, err error) {
	if err != nil {
		d.log.Warn("marking a message failed", zap.Int64("notice", j.ID), zap.Int("attempt", j.Attempts), zap.Error(err))
	}
}

// stopped tells once that the receiver takes nothing until a person acts.
func (d *Drain) stopped(ctx context.Context, e *SendError, now time.Time) {
	d.mu.Lock()
	tell := d.stop != e.Reason
	if d.stop == "" {
		d.stopSince = now
	}
	d.stop = e.Reason
	since := d.stopSince
	d.mu.Unlock()
	if !tell {
		return
	}
	d.opt.Metrics.setStopped(d.opt.Name, true)
	d.log.Error("the receiver takes no messages; they wait until it does", zap.String("reason", e.Reason), zap.String("hint", e.Hint), zap.Error(e))
	if d.opt.OnState != nil {
		d.opt.OnState(ctx, Status{Receiver: d.opt.Name, Stopped: true, Reason: e.Reason, Hint: e.Hint, Since: since, At: now})
	}
}

// resumed tells once that the receiver takes messages again.
func (d *Drain) resumed(ctx context.Context, now time.Time) {
	d.mu.Lock()
	reason, since := d.stop, d.stopSince
	d.stop, d.said = "", ""
	d.mu.Unlock()
	if reason == "" {
		return
	}
	d.opt.Metrics.setStopped(d.opt.Name, false)
	d.log.Info("the receiver takes messages again", zap.Duration("stopped_for", now.Sub(since)))
	if d.opt.OnState != nil {
		d.opt.OnState(ctx, Status{Receiver: d.opt.Name, Reason: reason, Since: since, At: now})
	}
}

// asSendError reads any other error as one that may have arrived.
func asSendError(err error) *SendError {
	if e, ok := errors.AsType[*SendError](err); ok {
		return e
	}
	return &SendError{Reason: ReasonUnknown, Kind: FailAmbiguous, Err: err}
}
