package slack

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	slackgo "github.com/slack-go/slack"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/record"
)

// What Slack takes: maxTotal is below the undocumented bound on a whole
// message, counted as it travels.
const (
	maxTotal  = 12_000
	maxBlocks = 50
	maxText   = 3_000
)

// The action ids of the card's controls.
const (
	actClaim   = "lt_claim"
	actAnswer  = "lt_answer"
	actResolve = "lt_resolve"
	actDismiss = "lt_dismiss"
	actReopen  = "lt_reopen"
	actMenu    = "lt_menu"
	actReason  = "lt_reason"
)

// payload is a message as it is handed to the library.
type payload struct {
	text     string
	blocks   []slackgo.Block
	metadata slackgo.SlackMetadata
}

// render draws the message under the key that it carries, smaller than asked
// where it would be too long.
func render(m alert.Message, interactive bool, key string) payload {
	for {
		p := draw(m, interactive)
		p.metadata = metadata(m, key)
		if m.Size >= alert.SizeMinimal || p.fits() {
			return p
		}
		m.Size++
	}
}

func draw(m alert.Message, interactive bool) payload {
	switch m.Notice.Kind {
	case record.NoticeCard, record.NoticeUpdate:
		if m.Dossier != nil {
			return drawCard(m, interactive)
		}
	case record.NoticeReply, record.NoticeRewrite, record.NoticeDigest, record.NoticeOps, record.NoticeTest, record.NoticeCanary:
	}
	return drawNote(m, interactive)
}

// fits reports whether the message is within Slack's bounds.
func (p payload) fits() bool {
	var raw bytes.Buffer
	enc := json.NewEncoder(&raw)
	enc.SetEscapeHTML(false)
	err := enc.Encode(p.blocks)
	return err == nil && len(p.blocks) <= maxBlocks &&
		utf8.RuneCountInString(p.text) <= maxText &&
		alert.EscapedLen(raw.String())+utf8.RuneCountInString(p.text) < maxTotal
}

func (p payload) options() []slackgo.MsgOption {
	opts := []slackgo.MsgOption{
		slackgo.MsgOptionText(p.text, false),
		slackgo.MsgOptionDisableLinkUnfurl(), slackgo.MsgOptionDisableMediaUnfurl(),
		slackgo.MsgOptionParse(false),
	}
	if len(p.blocks) > 0 {
		opts = append(opts, slackgo.MsgOptionBlocks(p.blocks...))
	}
	if p.metadata.EventType != "" {
		opts = append(opts, slackgo.MsgOptionMetadata(p.metadata))
	}
	return opts
}

// metadata is what the message is found again by.
func metadata(m alert.Message, key string) slackgo.SlackMetadata {
	if key == "" {
		return slackgo.SlackMetadata{}
	}
	kind := m.Notice.Kind
	if kind == record.NoticeUpdate {
		kind = record.NoticeCard
	}
	pl := map[string]any{"key": key, "case": m.Notice.Case, "brand": m.Notice.Brand, "kind": string(kind), "severity": ""}
	if m.Dossier != nil {
		pl["severity"], pl["brand"] = string(m.Dossier.Case.Severity), m.Dossier.Case.Brand
	}
	return slackgo.SlackMetadata{EventType: eventType, EventPayload: pl}
}

func drawCard(m alert.Message, interactive bool) payload {
	c := alert.NewCard(m)
	head := []alert.Span{{Text: lamp(c.Severity)}}
	head = append(head, c.Head...)
	var repeat []alert.Span
	if c.Repeat {
		repeat = []alert.Span{{Text: repeatWords}}
	}
	post := []slackgo.RichTextElement{}
	switch {
	case c.Deleted:
		post = append(post, section(m.Now, []alert.Span{{Text: alert.DeletedWords}}))
	case c.Quote != "":
		post = append(post, quoteOf(c.Quote))
	}
	post = append(post, section(m.Now, append([][]alert.Span{c.Author, c.Reasons, c.Also}, c.Needs...)...))
	blocks := []slackgo.Block{
		slackgo.NewRichTextBlock("head", section(m.Now, head, repeat)),
		slackgo.NewRichTextBlock("post", post...),
		slackgo.NewRichTextBlock("state", section(m.Now, append(append([][]alert.Span{c.State}, c.Service...), c.Inbox)...)),
	}
	if interactive {
		blocks = append(blocks, controls(c)...)
	}
	what := string(c.Severity) + " complaint"
	if c.Deleted {
		what = "a complaint that its author deleted"
	}
	if c.Repeat {
		what += " (possible repeat)"
	}
	return payload{text: fallback(c.Brand+": "+what, c.URL), blocks: blocks}
}

const repeatWords = "Possible repeat: Slack did not say whether this arrived before."

// fallback is the line for notifications: ours but for the address, which is
// escaped.
func fallback(words string, urls ...string) string {
	var b strings.Builder
	b.WriteString(escape(words))
	for _, u := range urls {
		if l := alert.Link(u); l != "" {
			b.WriteString(" " + escape(l))
		}
	}
	return b.String()
}

func controls(c alert.Card) []slackgo.Block {
	var els []slackgo.BlockElement
	for _, b := range c.Buttons {
		el := slackgo.NewButtonBlockElement(actionOf(b.Verb), c.Case, plain(b.Label))
		switch {
		case b.Primary:
			el.Style = slackgo.StylePrimary
		case b.Danger:
			el.Style = slackgo.StyleDanger
		}
		els = append(els, el)
	}
	if len(c.Menu) > 0 {
		var opts []*slackgo.OptionBlockObject
		for _, ch := range c.Menu {
			opts = append(opts, slackgo.NewOptionBlockObject(ch.Name+":"+c.Case, plain(ch.Label), nil))
		}
		els = append(els, slackgo.NewOverflowBlockElement(actMenu, opts...))
	}
	out := []slackgo.Block{slackgo.NewActionBlock("actions", els...)}
	if c.AskReason {
		var opts []*slackgo.OptionBlockObject
		for _, r := range record.DismissReasons() {
			opts = append(opts, slackgo.NewOptionBlockObject(r+":"+c.Case, plain(alert.ReasonLabel(r)), nil))
		}
		out = append(out, slackgo.NewActionBlock("reason",
			slackgo.NewOptionsSelectBlockElement(slackgo.OptTypeStatic, plain("Why not? It teaches the scorer."), actReason, opts...)))
	}
	return out
}

func actionOf(v record.Verb) string {
	switch v {
	case record.VerbClaim:
		return actClaim
	case record.VerbAnswer:
		return actAnswer
	case record.VerbResolve:
		return actResolve
	case record.VerbDismiss:
		return actDismiss
	case record.VerbReopen:
		return actReopen
	case record.VerbSnooze, record.VerbAssign, record.VerbReason, record.VerbPromise, record.VerbKept, record.VerbBroken, record.VerbLost:
	}
	return "lt_" + string(v)
}

func drawNote(m alert.Message, interactive bool) payload {
	n := alert.NewNote(m)
	var lines [][]alert.Span
	if n.Title != "" {
		lines = append(lines, []alert.Span{{Text: n.Title, Bold: true}})
	}
	if n.Repeat {
		lines = append(lines, []alert.Span{{Text: repeatWords}})
	}
	for _, l := range n.Lines {
		if m.Notice.Kind == record.NoticeReply {
			// Whoever promised something is spoken to.
			lines = append(lines, spans(l))
			continue
		}
		lines = append(lines, []alert.Span{{Text: l}})
	}
	var els []slackgo.RichTextElement
	if len(lines) > 0 {
		els = append(els, section(m.Now, lines...))
	}
	var urls []string
	var blocks []slackgo.Block
	// flush ends a block of text, so that buttons stand below the post they are about.
	flush := func() {
		if len(els) > 0 {
			blocks = append(blocks, slackgo.NewRichTextBlock(noteID(len(blocks)), els...))
			els = nil
		}
	}
	for i, it := range n.Items {
		els = append(els, section(m.Now, it.Head))
		switch {
		case it.Deleted:
			els = append(els, section(m.Now, []alert.Span{{Text: alert.DeletedWords}}))
		case it.Quote != "":
			els = append(els, quoteOf(it.Quote))
		}
		if u := it.Head[len(it.Head)-1].Link; u != "" && len(urls) < 3 {
			urls = append(urls, u)
		}
		if n.Ask && interactive && !it.Deleted {
			flush()
			blocks = append(blocks, labelButtons(i, m.Notice.Brand, it.Mention)...)
		}
	}
	if n.More > 0 {
		els = append(els, section(m.Now, []alert.Span{{Text: "and " + alert.Count(int64(n.More), "post", "posts") + " more in the inbox"}}))
	}
	if len(els) == 0 && len(blocks) == 0 {
		els = append(els, section(m.Now, []alert.Span{{Text: string(m.Notice.Kind)}}))
	}
	words := n.Title
	if words == "" {
		words = string(m.Notice.Kind)
	}
	if m.Notice.Brand != "" {
		words = m.Notice.Brand + ": " + words
	}
	flush()
	if interactive {
		blocks = append(blocks, undoButton(n)...)
	}
	return payload{text: fallback(words, urls...), blocks: blocks}
}

// noteID is the id of a note's nth block, which no other block of it has.
func noteID(n int) string {
	if n == 0 {
		return "note"
	}
	return "note" + strconv.Itoa(n)
}
