package storetest

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/pkg/vent"
)

// Secrets are the words of the post that Fill writes: none of them may be found
// anywhere once the post was erased.
func Secrets() []string {
	return []string{
		"zebrafish", "quokka lounge", "Ottoline Quimby", "ottoline.example", "did:plc:ottoline",
		"wombat departure board", "marmalade", "axolotl",
	}
}

// Doomed is the id of the post that Fill writes.
func Doomed() string { return doomed().Mention.ID }

func doomed() record.Stored {
	v := stored("acme", 1, "case")
	v.Mention.Text = "The zebrafish desk at acme air lost my bag in the quokka lounge, three hours under the wombat departure board"
	v.Mention.Title = "marmalade everywhere"
	v.Mention.Author.ID, v.Mention.Author.Handle, v.Mention.Author.Name = "did:plc:ottoline", "ottoline.example", "Ottoline Quimby"
	return v
}

// Fill writes a post of two brands, with its words in every row that may hold
// them.
func Fill(t *testing.T, s *store.Store) {
	t.Helper()
	brands := []string{"acme", "globex"}
	require.NoError(t, s.Update(t.Context(), brands, func(tx *store.Tx) error {
		for _, brand := range brands {
			fillBrand(t, tx, brand)
		}
		return nil
	}))
	m := doomed()
	m.Brand = ""
	require.NoError(t, s.SampleUnmatched(t.Context(), []record.Stored{m}, 1))
	whole, err := json.Marshal(record.Scored{Matched: record.Matched{V: 1, Brand: "acme", Mention: m.Mention, Match: record.MatchQuery}})
	require.NoError(t, err)
	for i, value := range [][]byte{whole, whole[:len(whole)-40], append([]byte("garbage "), whole...)} {
		require.NoError(t, s.PutDead(t.Context(), record.Dead{ID: fmt.Sprint("dead", i), Stage: "score", Value: value, At: base()}))
	}
}

func fillBrand(t *testing.T, tx *store.Tx, brand string) {
	t.Helper()
	v := doomed()
	v.Brand, v.Case = brand, "case-"+brand
	require.NoError(t, tx.PutMention(v))
	c := aCase(brand, v.Case, 1)
	c.Root, c.Text, c.AuthorName, c.About = v.Mention.ID, v.Mention.Text, v.Mention.Author.Name, "zebrafish desk"
	c.Reasons = []vent.Reason{{Text: "three hours under the wombat departure board", Weight: 2}}
	require.NoError(t, tx.PutCase(c))
	require.NoError(t, tx.PutComplaint(record.Complaint{
		Brand: brand, Mention: v.Mention.ID, At: base(), Words: []string{"zebrafish"}, About: "quokka lounge", Case: v.Case,
	}))

	now := decision(brand, 1, record.OutcomeAlert)
	now.Terms = []string{"acme air"}
	now.Why = []string{
		"matched: acme air", `signal waiting: "three hours under the wombat departure board"`, "about zebrafish desk at acme air lost my bag",
		"venting 0.93 >= 0.62", "by Ottoline Quimby (@ottoline.example)", `not silenced by "weekend work"`,
	}
	now.Score.Reasons = []vent.Reason{{Text: "wombat departure board", Weight: 1}}
	require.NoError(t, tx.PutDecision(now))
	// An earlier revision, whose own text is stored no more.
	before := now
	before.Revision = 1
	before.Why = []string{`signal waiting: "all the axolotl"`, `matched: "acme air"`, "venting 0.70 >= 0.62"}
	before.Score.Reasons = []vent.Reason{{Text: "nobody", Weight: 1}}
	require.NoError(t, tx.PutDecision(before))

	require.NoError(t, tx.AddEvent(record.Event{
		Case: v.Case, At: base(), What: "opened", Mention: v.Mention.ID,
		Detail: "opened by Ottoline Quimby: the zebrafish desk at acme air",
	}))
	require.NoError(t, tx.AddEvent(record.Event{Case: v.Case, At: base(), What: "claimed", Detail: "claimed by Sam"}))
	n := notice("digest/"+brand, "r", "", record.NoticeDigest)
	n.Body = record.NoticeBody{Title: "2 posts", Items: []record.NoticeItem{
		{Mention: v.Mention.ID, URL: v.Mention.URL, Author: v.Mention.Author.Name, Text: v.Mention.Text},
		{Mention: "other", URL: "https://o.example", Author: "Bo", Text: "another complaint"},
	}}
	fresh, err := tx.PutNotice(n)
	require.NoError(t, err)
	require.True(t, fresh)
	_, err = tx.PutLabel(record.Label{Brand: brand, Mention: v.Mention.ID, Text: v.Mention.Text, Venting: true, At: base()})
	require.NoError(t, err)
}

func testErase(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	Fill(t, s)
	update(t, s, "acme", func(tx *store.Tx) {
		require.NoError(t, tx.EraseMention("acme", Doomed()))
		v, ok, err := tx.Mention("acme", Doomed())
		require.NoError(t, err)
		require.True(t, ok)
		require.Empty(t, v.Mention.Text)
	})
	requireErased(t, s, "acme")
	other, err := s.Mention(t.Context(), "globex", Doomed())
	require.NoError(t, err)
	require.Equal(t, doomed().Mention, other.Mention, "the other brand's own retraction erases there")
	require.NoError(t, s.EraseEverywhere(t.Context(), Doomed()))
	requireErased(t, s, "globex")
	require.NoError(t, s.EraseEverywhere(t.Context(), Doomed()), "again is no error")
	require.NoError(t, s.EraseEverywhere(t.Context(), "never:seen"))

	update(t, s, "acme", func(tx *store.Tx) {
		require.NoError(t, tx.PutMention(doomed()))
		v, _, err := tx.Mention("acme", Doomed())
		require.NoError(t, err)
		require.Empty(t, v.Mention.Text, "a redelivery brings nothing back")
	})

	t.Run("a dead letter that comes later holds no words", func(t *testing.T) {
		value, err := json.Marshal(record.Matched{Brand: "acme", Mention: doomed().Mention})
		require.NoError(t, err)
		require.NoError(t, s.PutDead(t.Context(), record.Dead{ID: "later", Stage: "alert", Value: value, At: base()}))
		d, err := s.Dead(t.Context(), "later")
		require.NoError(t, err)
		require.Empty(t, d.Value)
	})
	t.Run("a retraction that failed stays to be retried", func(t *testing.T) {
		gone := doomed().Mention
		gone.Retracted, gone.Text = true, ""
		value, err := json.Marshal(record.Matched{Brand: "acme", Mention: gone})
		require.NoError(t, err)
		require.NoError(t, s.PutDead(t.Context(), record.Dead{ID: "retraction", Stage: "alert", Value: value, At: base()}))
		require.NoError(t, s.EraseEverywhere(t.Context(), Doomed()))
		d, err := s.Dead(t.Context(), "retraction")
		require.NoError(t, err)
		require.Equal(t, value, d.Value)
	})
}

// requireErased checks, through everything that reads, that a brand's rows of
// the post hold none of its words and still say what they said of our own.
func requireErased(t *testing.T, s *store.Store, brand string) {
	t.Helper()
	d, err := s.Dossier(t.Context(), "case-"+brand)
	require.NoError(t, err)
	ds, err := s.Decisions(t.Context(), Doomed())
	require.NoError(t, err)
	var own []record.Decision
	for _, v := range ds {
		if v.Brand == brand {
			own = append(own, v)
		}
	}
	labels, err := s.Labels(t.Context(), brand, 0, 0)
	require.NoError(t, err)
	owed, err := s.UnsentNotices(t.Context(), "", 0, 0)
	require.NoError(t, err)
	sample, err := s.Unmatched(t.Context(), store.UnmatchedFilter{})
	require.NoError(t, err)
	dead, err := s.ListDead(t.Context(), store.DeadFilter{})
	require.NoError(t, err)
	all, err := json.Marshal([]any{d.Root, d.Case.Text, d.Case.About, d.Case.AuthorName, d.Case.Reasons, d.History, d.Why, own, labels, owed, sample, dead})
	require.NoError(t, err)
	for _, secret := range Secrets() {
		require.NotContains(t, string(all), secret)
	}
	require.Empty(t, sample.Rows)
	require.Empty(t, dead)

	require.True(t, d.Root.Retracted)
	require.Equal(t, doomed().Mention.URL, d.Root.URL, "where it stood stays")
	require.Len(t, own, 2)
	require.Equal(t, []string{`signal waiting: "[erased]"`, `matched: "acme air"`, "venting 0.70 >= 0.62"}, own[1].Why)
	require.Equal(t, []string{
		"matched: acme air", `signal waiting: "[erased]"`, "about [erased] acme air [erased]",
		"venting 0.93 >= 0.62", "by [erased] (@[erased])", `not silenced by "weekend work"`,
	}, own[0].Why)
	require.InDelta(t, 0.93125, own[0].Score.Venting, 1e-9)
	require.Empty(t, own[0].Score.Reasons)
	require.Equal(t, "claimed by Sam", d.History[1].Detail)
	require.Len(t, labels, 1)
	require.True(t, labels[0].Venting)
	require.Equal(t, "another complaint", owed[0].Body.Items[1].Text)
	require.Equal(t, doomed().Mention.URL, owed[0].Body.Items[0].URL)
}

func testEraseOthers(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	update(t, s, "acme", func(tx *store.Tx) {
		for n := range 2 {
			require.NoError(t, tx.PutMention(stored("acme", n, "case")))
			require.NoError(t, tx.PutDecision(decision("acme", n, record.OutcomeAlert)))
		}
		require.NoError(t, tx.PutCase(aCase("acme", "case", 0)))
		recent, err := tx.CasesSince("acme", base())
		require.NoError(t, err)
		require.Len(t, recent, 1)
		require.NoError(t, tx.EraseMention("acme", post(1).ID))
		recent, err = tx.CasesSince("acme", base())
		require.NoError(t, err)
		require.Equal(t, post(0).Text, recent[0].Text, "a later post of a case is not its first")
		require.NoError(t, tx.EraseMention("acme", post(0).ID))
		recent, err = tx.CasesSince("acme", base())
		require.NoError(t, err)
		require.Empty(t, recent[0].Text)
		require.Zero(t, recent[0].Simhash)
		require.Equal(t, "support", recent[0].Topics[0])
	})
}
