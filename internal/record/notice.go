package record

import "time"

// NoticeKind says what a message is.
type NoticeKind string

// The kinds of notices.
const (
	// NoticeCard is the root message of a case.
	NoticeCard NoticeKind = "card"
	// NoticeUpdate brings the root message up to the case as it is now.
	NoticeUpdate NoticeKind = "update"
	// NoticeReply goes into the thread of the root message.
	NoticeReply NoticeKind = "reply"
	// NoticeRewrite brings a message that was sent earlier, a reply or a digest, up
	// to what its row says now: a post in it was edited or taken away. Its key is
	// made by alert.RewriteKey.
	NoticeRewrite NoticeKind = "rewrite"
	// NoticeDigest stands for several mentions that got no card.
	NoticeDigest NoticeKind = "digest"
	// NoticeOps tells ops_receiver about the daemon itself.
	NoticeOps NoticeKind = "ops"
	// NoticeTest is the marked message of test-receiver.
	NoticeTest NoticeKind = "test"
	// NoticeCanary crosses the outbox and is sent nowhere.
	NoticeCanary NoticeKind = "canary"
)

// NoticeState is where a row of the outbox stands.
type NoticeState string

// The states of a notice. A sending row whose answer was lost stays sending
// until a look-up tells what happened.
const (
	NoticePending NoticeState = "pending"
	NoticeSending NoticeState = "sending"
	NoticeSent    NoticeState = "sent"
	NoticeDropped NoticeState = "dropped"
)

// Notice is one row of the outbox: a message that is owed to a receiver.
type Notice struct {
	// ID is the row's number, in the order of writing.
	ID int64 `json:"id"`
	// Key is unique: (case, episode, kind, receiver) and what else tells this
	// message from its neighbours. It travels as metadata.event_payload.key.
	Key      string      `json:"key"`
	Receiver string      `json:"receiver"`
	Kind     NoticeKind  `json:"kind"`
	State    NoticeState `json:"state"`
	Brand    string      `json:"brand,omitempty"`
	// Case is the case it speaks of, empty for digests and ops.
	Case string `json:"case,omitempty"`
	// Mention is the post that a reply speaks of.
	Mention string `json:"mention,omitempty"`
	// Body is for digests, ops notes and replies: what to say, as NoticeBody.
	Body NoticeBody `json:"body,omitzero"`
	// ObservedAt is when the mention behind it was observed: alert delay counts from it.
	ObservedAt time.Time `json:"observed_at,omitzero"`
	CreatedAt  time.Time `json:"created_at"`
	// DueAt is the earliest time to send.
	DueAt time.Time `json:"due_at"`
	// Attempts counts tries; FirstTry is when the first began, SettleUntil when a
	// lost answer may be looked up.
	Attempts    int       `json:"attempts"`
	FirstTry    time.Time `json:"first_try,omitzero"`
	SettleUntil time.Time `json:"settle_until,omitzero"`
	SentAt      time.Time `json:"sent_at,omitzero"`
	// Channel and TS name the message at the receiver, once sent.
	Channel string `json:"channel,omitempty"`
	TS      string `json:"ts,omitempty"`
	// Error is why the last try failed, from a closed list.
	Error string `json:"error,omitempty"`
	// Unsure is set on a claimed row whose earlier try may have arrived: it was
	// found in state sending, not pending, and must be looked up before it is sent
	// again. It is no column.
	Unsure bool `json:"-"`
}

// NoticeBody is what a notice says beyond its case.
type NoticeBody struct {
	// Title is one line; Lines are further ones. Both are ours, never a stranger's text.
	Title string   `json:"title,omitempty"`
	Lines []string `json:"lines,omitempty"`
	// Broadcast asks that the channel hears it too, not the thread alone.
	Broadcast bool `json:"broadcast,omitempty"`
	// Items are the posts it stands for; every one is named by its URL.
	Items []NoticeItem `json:"items,omitempty"`
	// Ask asks of each of Items whether it is a complaint, and Undo offers to take a label
	// back, where the receiver has buttons.
	Ask  bool  `json:"ask,omitempty"`
	Undo int64 `json:"undo,omitempty"`
}

// NoticeItem is one post in a digest or a reply.
type NoticeItem struct {
	Mention  string `json:"mention"`
	URL      string `json:"url"`
	Author   string `json:"author,omitempty"`
	Text     string `json:"text,omitempty"`
	Severity string `json:"severity,omitempty"`
}

// Receipt is what a receiver answered to a message it took.
type Receipt struct {
	Channel string `json:"channel,omitempty"`
	TS      string `json:"ts,omitempty"`
	// Key is the key of the notice that the message was sent for: an update keeps it.
	Key string `json:"key,omitempty"`
}
