package slack

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	slackgo "github.com/slack-go/slack"

	"github.com/leakytap/leakytap/internal/alert"
)

// The action ids of what people say about a post, and of taking that back.
const (
	actComplaint = "lt_complaint"
	actNone      = "lt_no_complaint"
	actUndo      = "lt_undo_label"
)

// maxValue is what Slack takes as the value of a button.
const maxValue = 2000

// Labels take what people say about posts that no case need have. An error with a Human
// text is told to the person; the answer is a sentence for them.
type Labels interface {
	// Label says whether a post is a complaint. A key that was used before has no second
	// effect.
	Label(ctx context.Context, l LabelClick) (string, error)
	// UndoLabel takes a label back.
	UndoLabel(ctx context.Context, id int64, by string) (string, error)
}

// LabelClick is one word about one post.
type LabelClick struct {
	Brand, Mention string
	Complaint      bool
	// By is the Slack user, Key tells the click from every other.
	By, Key string
}

// label is a click about a label: a word about a post, or one taken back.
type label struct {
	brand, mention string
	complaint      bool
	undo           int64
}

// labelOf reads a click about a label; nil where the control is another.
func labelOf(action, value string) (*label, error) {
	switch action {
	case actUndo:
		id, err := strconv.ParseInt(value, 10, 64)
		if err != nil || id <= 0 {
			return nil, errNotOurs
		}
		return &label{undo: id}, nil
	case actComplaint, actNone:
		brand, mention, ok := strings.Cut(value, ":")
		if !ok || !caseID.MatchString(brand) || mention == "" || utf8.RuneCountInString(value) > maxValue {
			return nil, errNotOurs
		}
		return &label{brand: brand, mention: mention, complaint: action == actComplaint}, nil
	}
	return nil, nil
}

// label does what a click about a label asks for.
func (h *Handler) label(ctx context.Context, c *click) (string, error) {
	if h.opt.Labels == nil {
		return "", errNoCommands
	}
	if c.label.undo > 0 {
		return h.opt.Labels.UndoLabel(ctx, c.label.undo, c.user)
	}
	return h.opt.Labels.Label(ctx, LabelClick{
		Brand: c.label.brand, Mention: c.label.mention, Complaint: c.label.complaint, By: c.user, Key: c.act.Key,
	})
}

// labelButtons are the two words about the nth post of a note, nothing where its id is too
// long for a button.
func labelButtons(n int, brand, mention string) []slackgo.Block {
	value := brand + ":" + mention
	if brand == "" || mention == "" || utf8.RuneCountInString(value) > maxValue {
		return nil
	}
	return []slackgo.Block{slackgo.NewActionBlock(fmt.Sprintf("label%d", n),
		slackgo.NewButtonBlockElement(actComplaint, value, plain("Complaint")),
		slackgo.NewButtonBlockElement(actNone, value, plain("Not a complaint")),
	)}
}

// undoButton takes a label back.
func undoButton(n alert.Note) []slackgo.Block {
	if n.Undo <= 0 {
		return nil
	}
	return []slackgo.Block{slackgo.NewActionBlock("undo",
		slackgo.NewButtonBlockElement(actUndo, strconv.FormatInt(n.Undo, 10), plain("Undo")))}
}
