package desk

import (
	"cmp"
	"container/heap"
	"time"

	"github.com/leakytap/leakytap/internal/record"
)

// actions are what people and clocks did live and is still to be done, the next first,
// and how many there are of each case.
type actions struct {
	queue []record.Event
	of    map[string]int
}

func (a *actions) Len() int           { return len(a.queue) }
func (a *actions) Less(i, j int) bool { return laterAction(&a.queue[i], &a.queue[j]) < 0 }
func (a *actions) Swap(i, j int)      { a.queue[i], a.queue[j] = a.queue[j], a.queue[i] }

// Push and Pop are what package heap asks for.
func (a *actions) Push(e any) {
	if v, ok := e.(record.Event); ok {
		a.queue = append(a.queue, v)
	}
}

func (a *actions) Pop() any {
	last := len(a.queue) - 1
	e := a.queue[last]
	a.queue[last] = record.Event{}
	a.queue = a.queue[:last]
	return e
}

// waits reports whether something is still to be done to a case.
func (a *actions) waits(caseID string) bool { return a.of[caseID] > 0 }

// laterAction orders actions by their time.
func laterAction(a, b *record.Event) int {
	return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Case, b.Case), cmp.Compare(a.Seq, b.Seq))
}

// Await keeps what people and clocks did to cases until its time comes. What changes
// nothing is left out.
func (t *Trial) Await(events []record.Event) {
	for _, e := range events {
		if _, ok := actionOf(e); !ok && e.Via != "clock" {
			continue
		}
		e.URL, e.Mention = "", ""
		t.actions.of[e.Case]++
		heap.Push(&t.actions, e)
	}
}

// Advance does what people and clocks did up to now.
func (t *Trial) Advance(now time.Time) error {
	for len(t.actions.queue) > 0 && !t.actions.queue[0].At.After(now) {
		e, ok := heap.Pop(&t.actions).(record.Event)
		if !ok {
			continue
		}
		if t.actions.of[e.Case]--; t.actions.of[e.Case] == 0 {
			delete(t.actions.of, e.Case)
		}
		if err := t.act(e); err != nil {
			return err
		}
	}
	return nil
}
