package desk

import (
	"slices"
	"strconv"
	"time"

	"github.com/leakytap/leakytap/internal/casework"
	"github.com/leakytap/leakytap/internal/casework/crowd"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/triage"
)

const (
	// alertsFor is how long cards are remembered: longer than any day.
	alertsFor = 50 * time.Hour
	// complaintsFor is how long complaints are remembered: longer than the earlier days
	// that are looked at. Their words are for a day: the latest hours alone ask for them.
	complaintsFor = (crowd.EarlierDays + 2) * day
	wordsFor      = 25 * time.Hour
	// endedFor is how long a case that has ended may still be joined.
	endedFor = casework.WatchFor + time.Hour
	// pruneEvery is how much time passes between two prunings.
	pruneEvery = 6 * time.Hour
)

// prune forgets what no later decision can depend on. waits says of a case that people
// or clocks are still to do something to it.
func (m *memory) prune(now time.Time, waits func(caseID string) bool) {
	if now.Sub(m.pruned) < pruneEvery {
		return
	}
	m.pruned = now
	for key, until := range m.watches {
		if !until.After(now) {
			delete(m.watches, key)
		}
	}
	past, _ := slices.BinarySearchFunc(m.stream, now.AddDate(0, 0, -triage.StreamDays-1), streamAt)
	m.stream = slices.Delete(m.stream, 0, past)
	old, _ := slices.BinarySearchFunc(m.alerts, now.Add(-alertsFor), time.Time.Compare)
	m.alerts = slices.Delete(m.alerts, 0, old)
	m.changed = slices.DeleteFunc(m.changed, func(c caseChange) bool { return now.Sub(c.at) > casework.CopyFor+time.Hour })
	m.pruneComplaints(now)
	m.pruneCases(now, waits)
}

func (m *memory) pruneComplaints(now time.Time) {
	told, _ := slices.BinarySearchFunc(m.complaints, now.Add(-complaintsFor), complaintAt)
	for i := range told {
		delete(m.complained, m.hash(m.complaints[i].Mention))
	}
	m.complaints = slices.Delete(m.complaints, 0, told)
	quiet, _ := slices.BinarySearchFunc(m.complaints, now.Add(-wordsFor), complaintAt)
	for i := quiet - 1; i >= 0 && m.complaints[i].Words != nil; i-- {
		m.complaints[i].Words = nil
	}
}

// takeComplaint takes away the complaint of a post that is erased.
func (m *memory) takeComplaint(id string) {
	key := m.hash(id)
	at, ok := m.complained[key]
	if !ok {
		return
	}
	delete(m.complained, key)
	i, _ := slices.BinarySearchFunc(m.complaints, at, complaintAt)
	for ; i < len(m.complaints) && m.complaints[i].At.Equal(at); i++ {
		if m.complaints[i].Mention == id {
			m.complaints = slices.Delete(m.complaints, i, i+1)
			return
		}
	}
}

// pruneCases forgets cases that have ended too long ago to be joined, to which nobody
// is to do anything and of whose posts no newer revision is to come. That they were
// counts for their authors: when they changed last is kept for that.
func (m *memory) pruneCases(now time.Time, waits func(caseID string) bool) {
	edited := map[string]bool{}
	for key := range m.latest {
		edited[m.mentions[key]] = true
	}
	gone := map[string]bool{}
	for id, c := range m.cases {
		keep := endedFor
		if m.seeded[id] {
			keep = historyFor
		}
		if c.State.Live() || now.Sub(c.UpdatedAt) <= keep || edited[id] || waits(id) {
			continue
		}
		gone[id] = true
	}
	m.prunePast(now)
	if len(gone) > 0 {
		m.forget(gone)
	}
}

// forget takes cases out of the rows. What counts for their authors stays.
func (m *memory) forget(gone map[string]bool) {
	for key, ids := range m.author {
		for _, id := range ids {
			if c := m.cases[id]; gone[id] && c != nil {
				m.past[key] = append(m.past[key], pastCase{at: c.UpdatedAt, began: c.AuthorKey != "" && m.hash(c.AuthorKey) == key})
			}
		}
	}
	for id := range gone {
		delete(m.cases, id)
		delete(m.seeded, id)
	}
	m.incidents = slices.DeleteFunc(m.incidents, func(id string) bool { return gone[id] })
	for _, index := range []map[uint64][]string{m.thread, m.author} {
		for key, ids := range index {
			if ids = slices.DeleteFunc(ids, func(id string) bool { return gone[id] }); len(ids) == 0 {
				delete(index, key)
			} else {
				index[key] = ids
			}
		}
	}
	for key, id := range m.mentions {
		if gone[id] {
			delete(m.mentions, key)
		}
	}
}

// prunePast forgets what counts for no author any more.
func (m *memory) prunePast(now time.Time) {
	for key, ended := range m.past {
		ended = slices.DeleteFunc(ended, func(p pastCase) bool { return now.Sub(p.at) > historyFor })
		if m.past[key] = ended; len(ended) == 0 {
			delete(m.past, key)
		}
	}
}

// pastCase is what is kept of an ended case of an author: when it changed last, and
// whether the author began it.
type pastCase struct {
	at    time.Time
	began bool
}

// earlierCases are the author's cases that are kept no more, as far as anything can
// depend on them: they have ended, too long ago to be joined.
func (m *memory) earlierCases(key uint64, author string, since time.Time) []record.Case {
	var out []record.Case
	for i, p := range m.past[key] {
		if p.at.Before(since) {
			continue
		}
		c := record.Case{ID: "past/" + strconv.Itoa(i), State: record.StateResolved, UpdatedAt: p.at}
		if p.began {
			c.AuthorKey = author
		}
		out = append(out, c)
	}
	return out
}
