package desk

import (
	"fmt"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/triage"
	"github.com/leakytap/leakytap/pkg/mention"
)

// handled says why nobody needs to be told of a complaint that is decided upon only
// now: the brand has answered it where it stands, or its author has said since that
// all is well. It is empty where neither is known.
func (s *session) handled(j *job) (string, error) {
	if j.past != nil {
		return j.past.Handled, nil
	}
	m := j.in.Mention
	for _, other := range s.batch {
		if other != j && !other.in.Mention.Retracted && other.known {
			if why := settles(j, other.in.Mention, func() (record.Tone, error) { return toneOf(other), nil }); why != "" {
				return why, nil
			}
		}
	}
	said, err := s.tx.RepliesIn(j.in.Brand, m.Conversation())
	if err != nil {
		return "", err
	}
	for _, v := range said {
		var failed error
		why := settles(j, v.Mention, func() (record.Tone, error) {
			d, ok, err := s.tx.LatestDecision(j.in.Brand, v.Mention.ID)
			if err != nil || !ok {
				failed = err
				return record.ToneNeutral, err
			}
			return triage.ToneOf(v.Mention, d.Score, j.brand.Alert), nil
		})
		if failed != nil {
			return "", failed
		}
		if why != "" {
			return why, nil
		}
	}
	return "", nil
}

func toneOf(j *job) record.Tone { return triage.ToneOf(j.in.Mention, j.in.Score, j.brand.Alert) }

// settles says how a later post settles the complaint, in words without any of the
// post's own; nothing where it does not.
func settles(j *job, later mention.Mention, tone func() (record.Tone, error)) string {
	m := j.in.Mention
	if later.ID == m.ID || !later.CreatedAt.After(m.CreatedAt) || later.Conversation() != m.Conversation() {
		return ""
	}
	if account, own := triage.OwnAccount(j.brand, later.Author); own {
		if later.ParentID == m.ID || m.ID == m.Conversation() && later.ParentID == "" {
			return fmt.Sprintf("%s has answered it already, at %s", account, later.URL)
		}
		return ""
	}
	if m.AuthorKey() == "" || later.AuthorKey() != m.AuthorKey() {
		return ""
	}
	if t, err := tone(); err != nil || t != record.ToneResolved {
		return ""
	}
	return "its author has said since that it is settled, at " + later.URL
}

// praise owes the brand's receiver of praise a line about kind words. It is no alert
// and is counted as none.
func (s *session) praise(j *job, outcome record.Outcome, seen bool) error {
	to := j.brand.Praise.Receiver
	if to == "" || seen || outcome != record.OutcomeBelowThreshold || j.past != nil || s.rules.Router == nil || j.in.Match != record.MatchQuery || j.in.Late ||
		!triage.Praise(j.in.Score, j.brand.Alert.Threshold) {
		return nil
	}
	m := j.in.Mention
	prefix := fmt.Sprintf("praise/%s/%s/", j.in.Brand, to)
	body := func(items []record.NoticeItem) record.NoticeBody {
		title := fmt.Sprintf("%s: %d kind words", j.in.Brand, len(items))
		if len(items) == 1 {
			title = j.in.Brand + ": somebody is pleased"
		}
		return record.NoticeBody{Title: title, Items: items}
	}
	it := item(m, "")
	added, err := s.append(to, prefix, it, body)
	if err != nil || added {
		return err
	}
	_, err = s.enqueue(record.Notice{
		Receiver: to, Kind: record.NoticeDigest, State: record.NoticePending, Brand: j.in.Brand, Mention: m.ID,
		Body: body([]record.NoticeItem{it}), ObservedAt: m.ObservedAt, CreatedAt: j.now, DueAt: j.now.Add(praiseSettle),
		Key: fmt.Sprintf("%s%s@%d", prefix, m.ID, m.Revision),
	})
	return err
}
