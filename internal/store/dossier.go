package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/mention"
)

// maxLater is how many posts beside the first a Dossier has.
const maxLater = 50

// Dossier is all about one case, ErrNotFound when there is none.
func (s *Store) Dossier(ctx context.Context, caseID string) (record.Dossier, error) {
	var d record.Dossier
	var err error
	if d.Case, err = s.Case(ctx, caseID); err != nil {
		return d, err
	}
	root, ok, err := mentionOf(ctx, s.reads, d.Case.Brand, d.Case.Root)
	if err != nil {
		return d, err
	}
	d.Root = root.Mention
	if !ok { // its row was pruned; the case still knows this much
		c := d.Case
		d.Root = mention.Mention{
			ID: c.Root, Platform: c.Platform, URL: c.URL, Text: c.Text,
			Author: mention.Author{Name: c.AuthorName, Followers: c.Followers}, CreatedAt: c.OpenedAt, ObservedAt: c.OpenedAt,
		}
	}
	posts, err := caseMentions(ctx, s.reads, caseID, maxLater+1)
	if err != nil {
		return d, err
	}
	for _, p := range posts {
		if p.Mention.ID != d.Case.Root {
			d.Later = append(d.Later, p.Mention)
		}
	}
	d.Later = d.Later[max(0, len(d.Later)-maxLater):]
	if d.History, err = caseEvents(ctx, s.reads, caseID); err != nil {
		return d, err
	}
	why, _, err := first(ctx, s.reads, scanDecision, "SELECT "+decisionColumns+` FROM decisions
		WHERE id = ? AND brand = ? AND case_id = ? ORDER BY revision LIMIT 1`, d.Case.Root, d.Case.Brand, caseID)
	if err != nil {
		return d, fmt.Errorf("reading why case %s was opened: %w", caseID, err)
	}
	d.Why = why.Why
	d.Earlier, err = s.earlier(ctx, d.Case.Linked)
	return d, err
}

// maxEarlier is how many linked cases a Dossier tells of.
const maxEarlier = 5

// earlier are the linked cases, the newest first.
func (s *Store) earlier(ctx context.Context, linked []string) ([]record.Earlier, error) {
	ids := slices.Sorted(slices.Values(linked))
	var out []record.Earlier
	for _, id := range slices.Backward(ids) {
		if len(out) == maxEarlier {
			break
		}
		c, ok, err := caseOf(ctx, s.reads, id)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		e := record.Earlier{ID: c.ID, State: c.State, Fate: c.Fate, About: c.About, URL: c.URL, OpenedAt: c.OpenedAt, EndedAt: c.ResolvedAt}
		if c.State == record.StateDismissed {
			e.EndedAt = c.UpdatedAt
		}
		out = append(out, e)
	}
	return out, nil
}
