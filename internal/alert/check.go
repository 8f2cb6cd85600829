package alert

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/leakytap/leakytap/internal/record"
)

// Step is one thing that a check of a receiver tried.
type Step struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

// Checker is a receiver that can say, step by step, whether all it needs is there.
type Checker interface {
	// Check ends at the first step that fails, and its error then says the way out.
	Check(ctx context.Context, now time.Time) ([]Step, error)
}

// Try is one step of a check: what it is called, and what does it. Its text says
// what was found.
type Try struct {
	Name string
	Do   func(context.Context) (string, error)
}

// RunChecks does one step after the other for the receiver called name, up to
// the first that fails.
func RunChecks(ctx context.Context, name string, tries []Try) ([]Step, error) {
	var steps []Step
	for _, t := range tries {
		detail, err := t.Do(ctx)
		if err != nil {
			words := WayOut(err)
			return append(steps, Step{Name: t.Name, Detail: words}), fmt.Errorf("checking %s, step %s: %s", name, t.Name, words)
		}
		steps = append(steps, Step{Name: t.Name, OK: true, Detail: detail})
	}
	return steps, nil
}

// WayOut is the way out of an error where it names one, else its text.
func WayOut(err error) string {
	if e, ok := errors.AsType[*SendError](err); ok && e.Hint != "" {
		return e.Hint
	}
	return err.Error()
}

// TestMessage is the marked message that a check of the receiver called name sends.
func TestMessage(name string, now time.Time) Message {
	return Message{Now: now, Notice: record.Notice{
		Key: "test/" + name + "/" + now.UTC().Format("20060102T150405.000000000"), Kind: record.NoticeTest, Receiver: name,
		Body:      record.NoticeBody{Title: "if you can read this, alerts arrive here", Lines: []string{"posted"}},
		CreatedAt: now,
	}}
}
