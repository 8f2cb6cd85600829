package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/record"
)

const caseColumns = `id, brand, state, fate, severity, priority, owner, about, topics, signals, root, conversation, author_key,
	platform, url, text, author_name, followers, venting, reasons, mentions, authors, route, silent, episode, version, simhash,
	opened_at, updated_at, last_post_at, claimed_at, answered_at, resolved_at, snoozed_until, linked, service, crowd`

// prefixedCaseColumns are caseColumns for a query that joins.
const prefixedCaseColumns = `c.id, c.brand, c.state, c.fate, c.severity, c.priority, c.owner, c.about, c.topics, c.signals, c.root,
	c.conversation, c.author_key, c.platform, c.url, c.text, c.author_name, c.followers, c.venting, c.reasons, c.mentions, c.authors,
	c.route, c.silent, c.episode, c.version, c.simhash, c.opened_at, c.updated_at, c.last_post_at, c.claimed_at, c.answered_at,
	c.resolved_at, c.snoozed_until, c.linked, c.service, c.crowd`

func scanCase(scan scanFunc) (record.Case, error) {
	var (
		v                                record.Case
		sev                              int
		topics, signals, reasons, linked string
		service, crowd                   string
		simhash                          int64
		t                                [7]int64
	)
	if err := scan(&v.ID, &v.Brand, &v.State, &v.Fate, &sev, &v.Priority, &v.Owner, &v.About, &topics, &signals, &v.Root, &v.Conversation,
		&v.AuthorKey, &v.Platform, &v.URL, &v.Text, &v.AuthorName, &v.Followers, &v.Venting, &reasons, &v.Mentions, &v.Authors, &v.Route,
		&v.Silent, &v.Episode, &v.Version, &simhash, &t[0], &t[1], &t[2], &t[3], &t[4], &t[5], &t[6], &linked, &service,
		&crowd); err != nil {
		return v, err
	}
	v.Severity, v.Simhash = severity(sev), unbits(simhash)
	for i, into := range []*time.Time{
		&v.OpenedAt, &v.UpdatedAt, &v.LastPostAt, &v.ClaimedAt, &v.AnsweredAt, &v.ResolvedAt, &v.SnoozedUntil,
	} {
		*into = when(t[i])
	}
	for _, p := range []struct {
		text string
		into any
	}{{topics, &v.Topics}, {signals, &v.Signals}, {reasons, &v.Reasons}, {linked, &v.Linked}, {service, &v.Service}, {crowd, &v.Crowd}} {
		if err := unpack(p.text, p.into); err != nil {
			return v, fmt.Errorf("case %s: %w", v.ID, err)
		}
	}
	return v, nil
}

// Case is a case by its id.
func (tx *Tx) Case(id string) (record.Case, bool, error) {
	return caseOf(tx.ctx, tx.c, id)
}

// Case is a case by its id, ErrNotFound when there is none.
func (s *Store) Case(ctx context.Context, id string) (record.Case, error) {
	v, ok, err := caseOf(ctx, s.reads, id)
	if err == nil && !ok {
		err = fmt.Errorf("case %s: %w", id, ErrNotFound)
	}
	return v, err
}

func caseOf(ctx context.Context, c conn, id string) (record.Case, bool, error) {
	v, ok, err := first(ctx, c, scanCase, "SELECT "+caseColumns+" FROM cases WHERE id = ?", id)
	if err != nil {
		return v, false, fmt.Errorf("reading case %s: %w", id, err)
	}
	return v, ok, nil
}

// PutCase writes a case. Its Version grows by at least one with each write,
// whatever c.Version says.
func (tx *Tx) PutCase(v record.Case) error {
	if v.ID == "" {
		return errors.New("writing a case: it has no id")
	}
	if err := tx.holds(v.Brand); err != nil {
		return err
	}
	lists := [6]string{}
	var err error
	for i, pack := range []func() (string, error){
		func() (string, error) { return packed(v.Topics) },
		func() (string, error) { return packed(v.Signals) },
		func() (string, error) { return packed(v.Reasons) },
		func() (string, error) { return packed(v.Linked) },
		func() (string, error) { return packedService(v.Service) },
		func() (string, error) { return packedCrowd(v.Crowd) },
	} {
		if lists[i], err = pack(); err != nil {
			return fmt.Errorf("writing case %s: %w", v.ID, err)
		}
	}
	_, err = exec(tx.ctx, tx.c, putCaseSQL,
		v.ID, v.Brand, v.State, v.Fate, rank(v.Severity), v.Priority, v.Owner, v.About, lists[0], lists[1], v.Root, v.Conversation,
		v.AuthorKey, v.Platform, v.URL, v.Text, v.AuthorName, v.Followers, v.Venting, lists[2], v.Mentions, v.Authors, v.Route,
		v.Silent, v.Episode, max(v.Version, 1), bits(v.Simhash), stamp(v.OpenedAt), stamp(v.UpdatedAt), stamp(v.LastPostAt),
		stamp(v.ClaimedAt), stamp(v.AnsweredAt), stamp(v.ResolvedAt), stamp(v.SnoozedUntil), lists[3], lists[4], lists[5])
	if err != nil {
		return fmt.Errorf("writing case %s: %w", v.ID, err)
	}
	tx.casesChanged = true
	r := tx.recent[v.Brand]
	if r == nil {
		return nil
	}
	v.Version, _, err = first(tx.ctx, tx.c, scalar[int64], "SELECT version FROM cases WHERE id = ?", v.ID)
	if err != nil {
		return fmt.Errorf("reading back case %s: %w", v.ID, err)
	}
	r.put(v)
	return nil
}

const putCaseSQL = `INSERT INTO cases (` + caseColumns + `)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
	ON CONFLICT (id) DO UPDATE SET brand = excluded.brand, state = excluded.state, fate = excluded.fate,
	severity = excluded.severity, priority = excluded.priority, owner = excluded.owner, about = excluded.about,
	topics = excluded.topics, signals = excluded.signals, root = excluded.root, conversation = excluded.conversation,
	author_key = excluded.author_key, platform = excluded.platform, url = excluded.url, text = excluded.text,
	author_name = excluded.author_name, followers = excluded.followers, venting = excluded.venting,
	reasons = excluded.reasons, mentions = excluded.mentions, authors = excluded.authors, route = excluded.route,
	silent = excluded.silent, episode = excluded.episode,
	version = CASE WHEN excluded.version > cases.version THEN excluded.version ELSE cases.version + 1 END,
	simhash = excluded.simhash, opened_at = excluded.opened_at, updated_at = excluded.updated_at,
	last_post_at = excluded.last_post_at, claimed_at = excluded.claimed_at, answered_at = excluded.answered_at,
	resolved_at = excluded.resolved_at, snoozed_until = excluded.snoozed_until, linked = excluded.linked,
	service = excluded.service, crowd = excluded.crowd`

// CaseByMention is the case that took a post of the brand.
func (tx *Tx) CaseByMention(brand, mentionID string) (record.Case, bool, error) {
	v, ok, err := first(tx.ctx, tx.c, scanCase, "SELECT "+prefixedCaseColumns+` FROM mentions m
		JOIN cases c ON c.id = m.case_id WHERE m.id = ? AND m.brand = ?`, mentionID, brand)
	if err != nil {
		return v, false, fmt.Errorf("reading the case of mention %s: %w", mentionID, err)
	}
	return v, ok, nil
}

const (
	// maxJoins bounds how many cases a search for one to join gives: of those that are
	// live the ones with the highest ids, which were opened last, and as many of those
	// that have ended, the ones that changed last.
	maxJoins = 100
	// maxTaken bounds how many cases that took a post are looked at: those opened last.
	maxTaken = 1000
)

// CasesByConversation are the brand's cases that began in a conversation or
// took a post of it: of those that are live the 100 that were opened last, and of
// those that ended and changed at or after since the 100 that changed last. The one
// that changed last comes first.
func (tx *Tx) CasesByConversation(brand, conversation string, since time.Time) ([]record.Case, error) {
	out, err := tx.joinable(brand, conversation, since,
		"SELECT "+caseColumns+" FROM cases WHERE brand = ? AND conversation = ? AND "+isJoinable+" ORDER BY id DESC LIMIT ?",
		`WITH RECURSIVE taken(id) AS (
			SELECT MAX(case_id) FROM mentions WHERE brand = ? AND (CASE WHEN root_id = '' THEN id ELSE root_id END) = ? AND case_id <> ''
			UNION ALL
			SELECT (SELECT MAX(case_id) FROM mentions WHERE brand = ? AND (CASE WHEN root_id = '' THEN id ELSE root_id END) = ?
				AND case_id < taken.id AND case_id <> '') FROM taken WHERE taken.id IS NOT NULL LIMIT ?)
		SELECT id FROM taken WHERE id IS NOT NULL`)
	if err != nil {
		return nil, fmt.Errorf("reading the cases of conversation %s: %w", conversation, err)
	}
	return out, nil
}

// CasesByAuthor are the brand's cases that an author began or wrote a post of, chosen
// and ordered as those of CasesByConversation.
func (tx *Tx) CasesByAuthor(brand, authorKey string, since time.Time) ([]record.Case, error) {
	if authorKey == "" {
		return nil, nil
	}
	out, err := tx.joinable(brand, authorKey, since,
		"SELECT "+caseColumns+" FROM cases WHERE brand = ? AND author_key = ? AND author_key <> '' AND "+isJoinable+" ORDER BY id DESC LIMIT ?",
		`WITH RECURSIVE taken(id) AS (
			SELECT MAX(case_id) FROM mentions WHERE brand = ? AND author_key = ? AND case_id <> ''
			UNION ALL
			SELECT (SELECT MAX(case_id) FROM mentions WHERE brand = ? AND author_key = ?
				AND case_id < taken.id AND case_id <> '') FROM taken WHERE taken.id IS NOT NULL LIMIT ?)
		SELECT id FROM taken WHERE id IS NOT NULL`)
	if err != nil {
		return nil, fmt.Errorf("reading the cases of an author of brand %s: %w", brand, err)
	}
	return out, nil
}

// isJoinable is what a case has to be that a post may join.
const isJoinable = "(state IN ('open', 'snoozed', 'claimed', 'answered') OR updated_at >= ?)"

// joinable reads the cases that the query began gives, and those whose ids the query
// took gives, each id once and not for each post: a thread of ten thousand posts may be
// one case.
func (tx *Tx) joinable(brand, key string, since time.Time, began, took string) ([]record.Case, error) {
	cases, err := list(tx.ctx, tx.c, scanCase, began, brand, key, stamp(since), maxTaken)
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for _, c := range cases {
		known[c.ID] = true
	}
	ids, err := list(tx.ctx, tx.c, scalar[string], took, brand, key, brand, key, maxTaken)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if known[id] {
			continue
		}
		c, ok, err := caseOf(tx.ctx, tx.c, id)
		if err != nil {
			return nil, err
		}
		if ok && (c.State.Live() || !c.UpdatedAt.Before(when(stamp(since)))) {
			cases = append(cases, c)
		}
	}
	return Joinable(cases), nil
}

// Joinable chooses among the cases that a post may join, of which the ended ones have
// changed lately enough, and orders them: of those that are live the 100 with the
// highest ids, of those that have ended the 100 that changed last; the one that changed
// last comes first.
func Joinable(cases []record.Case) []record.Case {
	lastChanged := func(a, b record.Case) int {
		return cmp.Or(b.UpdatedAt.Compare(a.UpdatedAt), strings.Compare(b.ID, a.ID))
	}
	if len(cases) > maxJoins {
		slices.SortFunc(cases, lastChanged)
		var live, ended []record.Case
		for _, c := range cases {
			if c.State.Live() {
				live = append(live, c)
			} else if len(ended) < maxJoins {
				ended = append(ended, c)
			}
		}
		slices.SortFunc(live, func(a, b record.Case) int { return strings.Compare(b.ID, a.ID) })
		cases = append(live[:min(len(live), maxJoins)], ended...)
	}
	slices.SortFunc(cases, lastChanged)
	return cases
}

// maxRecent bounds what CasesSince returns.
const maxRecent = 500

// recentCases is an answer of CasesSince, newest change first.
type recentCases struct {
	since time.Time
	cases []record.Case
}

// put brings a written case to its place. It makes a new slice: a caller may
// still be reading the one before.
func (r *recentCases) put(v record.Case) {
	for _, t := range []*time.Time{
		&v.OpenedAt, &v.UpdatedAt, &v.LastPostAt, &v.ClaimedAt, &v.AnsweredAt, &v.ResolvedAt, &v.SnoozedUntil,
	} {
		*t = when(stamp(*t)) // as a later read would give it
	}
	cases := make([]record.Case, 0, len(r.cases)+1)
	placed := v.UpdatedAt.Before(r.since)
	for _, c := range r.cases {
		if c.ID == v.ID {
			continue
		}
		if !placed && !c.UpdatedAt.After(v.UpdatedAt) {
			cases, placed = append(cases, v), true
		}
		cases = append(cases, c)
	}
	if !placed {
		cases = append(cases, v)
	}
	r.cases = cases[:min(len(cases), maxRecent)]
}

// CasesSince are the brand's cases, live and ended, that changed at or after
// since, the one that changed last first, at most 500: what a post may be a
// near-copy of. It is read once for each Update and kept up to date with
// PutCase, so that it may be asked for every post of a batch. The caller must not change
// the slice.
func (tx *Tx) CasesSince(brand string, since time.Time) ([]record.Case, error) {
	since = when(stamp(since))
	if r := tx.recent[brand]; r != nil && !since.Before(r.since) {
		if since.Equal(r.since) {
			return r.cases, nil
		}
		end := slices.IndexFunc(r.cases, func(c record.Case) bool { return c.UpdatedAt.Before(since) })
		if end < 0 {
			end = len(r.cases)
		}
		return r.cases[:end], nil
	}
	cases, err := list(tx.ctx, tx.c, scanCase, "SELECT "+caseColumns+` FROM cases
		WHERE brand = ? AND updated_at >= ? ORDER BY updated_at DESC, id DESC LIMIT ?`, brand, stamp(since), maxRecent)
	if err != nil {
		return nil, fmt.Errorf("reading the recent cases of brand %s: %w", brand, err)
	}
	tx.recent[brand] = &recentCases{since: since, cases: cases}
	return cases, nil
}

// CasePrint is what a near-copy of a case's first post is found by.
type CasePrint struct {
	ID string
	// Simhash is the fingerprint of the text; where it is 0, for short texts, Text
	// is the beginning of the text itself.
	Simhash uint64
	Text    string
}

// maxPrints bounds what RecentPrints returns, maxPrintText how much of a text it
// reads.
const (
	maxPrints    = 2000
	maxPrintText = 1000
)

// LiveCases are the live cases of a brand in the order of their ids, at most limit
// (100 where it is 0): the oldest.
func (tx *Tx) LiveCases(brand string, limit int) ([]record.Case, error) {
	out, err := list(tx.ctx, tx.c, scanCase, "SELECT "+caseColumns+` FROM cases
		WHERE brand = ? AND state IN ('open', 'snoozed', 'claimed', 'answered') ORDER BY id LIMIT ?`, brand, limitOr(limit, 100, 1000))
	if err != nil {
		return nil, fmt.Errorf("reading the live cases of brand %s: %w", brand, err)
	}
	return out, nil
}

// RecentPrints are the fingerprints and texts of the brand's live cases that changed at or
// after since, the one that changed last first, at most 2,000. It reads far less
// than CasesSince does.
func (tx *Tx) RecentPrints(brand string, since time.Time) ([]CasePrint, error) {
	out, err := list(tx.ctx, tx.c, func(scan scanFunc) (CasePrint, error) {
		var v CasePrint
		var simhash int64
		err := scan(&v.ID, &simhash, &v.Text)
		v.Simhash = unbits(simhash)
		return v, err
	}, `SELECT id, simhash, substr(text, 1, ?) FROM cases
		WHERE brand = ? AND updated_at >= ? AND state IN ('open', 'snoozed', 'claimed', 'answered')
		ORDER BY updated_at DESC, id DESC LIMIT ?`, maxPrintText, brand, stamp(since), maxPrints)
	if err != nil {
		return nil, fmt.Errorf("reading the fingerprints of brand %s: %w", brand, err)
	}
	return out, nil
}
