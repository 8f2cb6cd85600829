package ingest

import (
	"hash/fnv"
	"slices"
	"time"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/mention"
)

// sighting is what one look at a post means.
type sighting struct {
	// mention is the post as it travels: its conversation and revision are settled.
	mention mention.Mention
	// out has one envelope for each brand that hears of it; their Mention is empty
	// until envelopes is called.
	out []record.Matched
	// seen is the row to save; it has no ID where nothing is published.
	seen record.Seen
	// fresh says that the post was not known before.
	fresh bool
	// unmatched says that a fresh post matched nothing.
	unmatched bool
}

// resolver judges sightings against what is known. It is used for one batch.
type resolver struct {
	rules   Rules
	watches *watches
	// known are the rows of the store, and of the batch so far.
	known map[string]record.Seen
	now   time.Time
	// lateBefore is the time before which a post is late; zero is never.
	lateBefore time.Time
}

// TextHash is the hash that tells an edit from a second sighting.
func TextHash(m mention.Mention) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(m.Title))
	_, _ = h.Write([]byte{0})
	_, _ = h.Write([]byte(m.Text))
	return h.Sum64()
}

// see judges one sighting and remembers it for the rest of the batch.
func (r *resolver) see(m mention.Mention) sighting {
	m = r.thread(m)
	old, known := r.known[m.ID]
	var s sighting
	switch {
	case m.Retracted:
		s = r.retraction(m, old, known)
	case !known:
		s = r.first(m)
	default:
		s = r.again(m, old)
	}
	if s.seen.ID != "" {
		r.known[s.seen.ID] = s.seen
	}
	return s
}

// thread settles the conversation: once seen it never changes, and an answer
// whose root is not told belongs to the conversation of its parent.
func (r *resolver) thread(m mention.Mention) mention.Mention {
	conv := ""
	if old, ok := r.known[m.ID]; ok {
		conv = old.Conversation
	} else if m.RootID == "" && m.ParentID != "" {
		conv = m.ParentID
		if parent, ok := r.known[m.ParentID]; ok {
			conv = parent.Conversation
		}
	}
	switch conv {
	case "":
	case m.ID:
		m.RootID = ""
	default:
		m.RootID = conv
	}
	return m
}

func (r *resolver) first(m mention.Mention) sighting {
	s := sighting{mention: m, fresh: true}
	s.out = r.targets(m, nil)
	if len(s.out) == 0 {
		s.unmatched = true
		return s
	}
	if !r.lateBefore.IsZero() && m.CreatedAt.Before(r.lateBefore) {
		for i := range s.out {
			s.out[i].Late = s.out[i].Match == record.MatchQuery
		}
	}
	s.seen = r.row(m, brandsOf(s.out))
	return s
}

// again is a second sighting: nothing new, a brand that asks for it only now, or
// an edit.
func (r *resolver) again(m mention.Mention, old record.Seen) sighting {
	s := sighting{mention: m}
	// A retraction is final, and what is older than what is known changes nothing.
	if old.Retracted || m.Revision != 0 && m.Revision < old.Revision {
		return s
	}
	edited := TextHash(m) != old.TextHash
	m.Revision = max(m.Revision, old.Revision)
	if edited && m.Revision == old.Revision {
		m.Revision++
	}
	s.mention = m
	if edited {
		s.out = r.targets(m, old.Brands)
	} else {
		s.out = slices.DeleteFunc(r.targets(m, nil), func(e record.Matched) bool { return slices.Contains(old.Brands, e.Brand) })
	}
	if len(s.out) == 0 {
		return s
	}
	s.seen = r.row(m, union(old.Brands, brandsOf(s.out)))
	s.seen.Source, s.seen.AuthorKey = old.Source, old.AuthorKey
	return s
}

func (r *resolver) retraction(m mention.Mention, old record.Seen, known bool) sighting {
	m.Text, m.Title, m.Author = "", "", mention.Author{}
	s := sighting{mention: m}
	if !known || old.Retracted {
		return s
	}
	m.Revision = max(m.Revision, old.Revision+1)
	s.mention = m
	for _, brand := range old.Brands {
		if hash, ok := r.rules.Hash(brand); ok {
			s.out = append(s.out, record.Matched{Brand: brand, BrandHash: hash, Match: record.MatchSeen})
		}
	}
	s.seen = r.row(m, old.Brands)
	s.seen.Source, s.seen.AuthorKey, s.seen.Retracted, s.seen.TextHash = old.Source, old.AuthorKey, true, old.TextHash
	return s
}

// targets are the brands that hear of m: those whose query it matches, those
// that watch it, and those of owed, which got it before.
func (r *resolver) targets(m mention.Mention, owed []string) []record.Matched {
	var out []record.Matched
	watching := r.watches.brands(m, r.now)
	for _, h := range r.rules.Match(m) {
		hash, ok := r.rules.Hash(h.Brand)
		if !ok {
			continue
		}
		e := record.Matched{Brand: h.Brand, BrandHash: hash, Terms: h.Terms, ExcludedBy: h.ExcludedBy, Match: record.MatchQuery}
		if h.ExcludedBy != "" && slices.Contains(watching, h.Brand) {
			// The customer answers where the brand listens: a NOT must not swallow it.
			e.ExcludedBy, e.Match = "", record.MatchWatched
		}
		out = append(out, e)
	}
	add := func(brands []string, match string) {
		for _, b := range brands {
			hash, ok := r.rules.Hash(b)
			if ok && !slices.ContainsFunc(out, func(e record.Matched) bool { return e.Brand == b }) {
				out = append(out, record.Matched{Brand: b, BrandHash: hash, Match: match})
			}
		}
	}
	add(watching, record.MatchWatched)
	add(owed, record.MatchSeen)
	return out
}

func (r *resolver) row(m mention.Mention, brands []string) record.Seen {
	return record.Seen{
		ID: m.ID, Source: m.Source, AuthorKey: m.AuthorKey(), Conversation: m.Conversation(), Brands: brands,
		TextHash: TextHash(m), Revision: m.Revision, At: r.now,
	}
}

// envelopes are the sighting's messages.
func (s sighting) envelopes() []record.Matched {
	for i := range s.out {
		s.out[i].V, s.out[i].Mention = record.Version, s.mention
	}
	return s.out
}

// retracted is what a known row becomes when its post was taken away.
func retracted(row record.Seen, source string, at time.Time) mention.Mention {
	platform, native := splitID(row.ID)
	m := mention.Mention{
		ID: row.ID, Source: source, Platform: platform, NativeID: native, Kind: mention.KindPost,
		CreatedAt: at, ObservedAt: at, Retracted: true,
	}
	if row.Conversation != row.ID {
		m.RootID = row.Conversation
	}
	return m
}

func splitID(id string) (platform, native string) {
	for i := range len(id) {
		if id[i] == ':' {
			return id[:i], id[i+1:]
		}
	}
	return "", id
}

func brandsOf(list []record.Matched) []string {
	out := make([]string, len(list))
	for i, e := range list {
		out[i] = e.Brand
	}
	slices.Sort(out)
	return out
}

func union(a, b []string) []string {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}
