package teach_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/internal/tune/teach"
)

// A label given, a score that moves, the effect told, and all of it undone.
func TestLabelsMoveScoresAndAreUndone(t *testing.T) {
	w := newWorld(t, edgy(t, "crumblet", bakes()[1]))
	var given []record.Decision
	for _, text := range bakes()[2:] {
		given = append(given, w.hear("crumblet", text))
	}
	waiting := w.hear("crumblet", bakes()[1])
	require.Equal(t, record.OutcomeAlert, waiting.Outcome, waiting.Why)
	before := w.venting("crumblet", bakes()[1])
	shop := w.venting("crumblet", shops()[0])

	var last teach.Answer
	for i, d := range given {
		last = w.give("crumblet", d.ID, false, record.ReasonWrongCompany, "U1")
		if i < 4 {
			require.Contains(t, last.Words, "Nothing is learned yet", "label %d", i)
			require.Zero(t, last.Layer.Version)
		}
	}
	require.Equal(t, record.LayerActive, last.Layer.State)
	after := w.venting("crumblet", bakes()[1])
	require.Less(t, after, before-0.1, "another post about baking")
	require.InDelta(t, shop, w.venting("crumblet", shops()[0]), 0.06, "a complaint about the firm")
	require.Equal(t, last.Layer.Version, last.Label.Layer)
	d := w.hear("crumblet", bakes()[0])
	require.Equal(t, last.Layer.Version, d.Layer)

	rows, err := w.st.Layers(t.Context(), "crumblet", 10)
	require.NoError(t, err)
	lost := 0
	for _, r := range rows {
		lost += r.Effect.Lost
	}
	require.Positive(t, lost, "the post that waits would no longer alert")
	require.Len(t, last.Layer.Labels, 6)

	// Undone one by one: with four left there is nothing learned, exactly.
	labels, err := w.st.RecentLabels(t.Context(), store.LabelFilter{Brand: "crumblet"})
	require.NoError(t, err)
	one, err := w.teach.Undo(t.Context(), labels[0].ID, "U2")
	require.NoError(t, err)
	require.Equal(t, "U2", one.Label.UndoneBy)
	require.Len(t, one.Layer.Labels, 5)
	two, err := w.teach.Undo(t.Context(), labels[1].ID, "U2")
	require.NoError(t, err)
	require.Positive(t, one.Layer.Effect.Gained+two.Layer.Effect.Gained, "%s %s", one.Words, two.Words)
	require.Equal(t, before, w.venting("crumblet", bakes()[1]), "as if nothing had been learned")
	_, err = w.teach.Undo(t.Context(), labels[1].ID, "U2")
	require.ErrorContains(t, err, "teaches nothing any more")
	_, err = w.teach.Undo(t.Context(), 999, "U2")
	require.ErrorIs(t, err, store.ErrNotFound)

	// And given again: the very layer that was there.
	again := w.give("crumblet", labels[1].Mention, false, record.ReasonWrongCompany, "U1")
	require.Equal(t, one.Layer.Weights, again.Layer.Weights)
}

func TestCasesTeach(t *testing.T) {
	w := newWorld(t, named("crumblet"))
	for i, text := range append(bakes(), shops()...) {
		d := w.hear("crumblet", text)
		if d.Outcome != record.OutcomeAlert {
			continue
		}
		switch {
		case i >= len(bakes()):
			w.act(d, record.VerbResolve, "", "U1")
		case i == 0:
			w.act(d, record.VerbDismiss, record.ReasonAlreadyHandled, "U1")
		default:
			w.act(d, record.VerbDismiss, record.ReasonNotCustomer, "U1")
		}
	}
	due, err := w.teach.Due(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"crumblet"}, due)
	l, changed := w.refit("crumblet")
	require.True(t, changed)
	require.Equal(t, record.LayerActive, l.State, l.Refused)
	due, err = w.teach.Due(t.Context())
	require.NoError(t, err)
	require.Empty(t, due)
	_, changed = w.refit("crumblet")
	require.False(t, changed, "nothing differs")
	labels, err := w.st.TeachingLabels(t.Context(), "crumblet", 100)
	require.NoError(t, err)
	for _, v := range labels {
		require.NotEqual(t, record.ReasonAlreadyHandled, v.Reason, "already handled is no label")
		require.True(t, v.Alerted)
		require.Equal(t, w.scorer.Version(), v.Model)
		require.Equal(t, l.Version, v.Layer)
		require.NotEmpty(t, v.URL)
	}
	for _, text := range shops() {
		require.GreaterOrEqual(t, w.venting("crumblet", text), 0.6, "%q was resolved as a complaint", text)
	}
}

func TestRefitThatBreaksAPinIsRefused(t *testing.T) {
	b := edgy(t, "crumblet", bakes()[1])
	w := newWorld(t, b)
	for _, text := range bakes()[2:] {
		w.give("crumblet", w.hear("crumblet", text).ID, false, record.ReasonSpam, "U1")
	}
	first := w.layer("crumblet")
	require.NotNil(t, first)

	// An example that the layer in use breaks: it is set aside, and what follows is refused.
	b.MustAlert = []brand.Pin{{Text: bakes()[1]}}
	w.configure(b)
	aside, err := w.teach.Recheck(t.Context(), "crumblet")
	require.NoError(t, err)
	require.True(t, aside)
	require.Nil(t, w.layer("crumblet"))
	again, err := w.teach.Recheck(t.Context(), "crumblet")
	require.NoError(t, err)
	require.False(t, again)

	answer := w.give("crumblet", w.hear("crumblet", bakes()[0]).ID, false, record.ReasonSpam, "U1")
	require.Equal(t, record.LayerRefused, answer.Layer.State)
	require.Equal(t, record.RefusedPin, answer.Layer.RefusedFor)
	require.Contains(t, answer.Words, "must_alert[0]")
	require.Contains(t, answer.Words, bakes()[1][:60])
	require.Nil(t, w.layer("crumblet"), "the layer before stays")
	due, err := w.teach.Due(t.Context())
	require.NoError(t, err)
	require.Empty(t, due, "a refusal is not tried again without a new word")

	// Without the example it is learned.
	b.MustAlert = nil
	w.configure(b)
	l, _ := w.refit("crumblet")
	require.Equal(t, record.LayerActive, l.State)
	require.NotNil(t, w.layer("crumblet"))
}

func TestLabelledComplaintsAreNotLost(t *testing.T) {
	if racing {
		t.Skip("many refits; nothing here runs beside something else")
	}
	w := newWorld(t, named("crumblet"))
	kept := w.hear("crumblet", bakes()[1])
	require.Equal(t, record.OutcomeAlert, kept.Outcome)
	w.act(kept, record.VerbResolve, "", "U1")
	for range 2 {
		for _, text := range bakes()[2:] {
			d := w.hear("crumblet", text)
			answer := w.give("crumblet", d.ID, false, record.ReasonNotCustomer, "U2")
			require.GreaterOrEqual(t, w.venting("crumblet", bakes()[1]), 0.6, "%s", answer.Words)
		}
	}
}

// One post under two names, called a complaint and, many times over, none: no layer can do both.
func TestContradictionIsRefused(t *testing.T) {
	if racing {
		t.Skip("many refits; nothing here runs beside something else")
	}
	w := newWorld(t, named("crumblet"))
	kept := w.hear("crumblet", bakes()[1])
	w.act(kept, record.VerbResolve, "", "U1")
	var ls []record.Label
	for range 200 {
		l := record.Label{Brand: "crumblet", Text: bakes()[1], Reason: record.ReasonSpam, Actor: "U2", Source: record.LabelFromImport}
		l.Mention = "x:copy" + string(rune('a'+len(ls)%26)) + string(rune('a'+len(ls)/26))
		ls = append(ls, l)
	}
	got, err := w.teach.Import(t.Context(), ls)
	require.NoError(t, err)
	for i := range ls {
		require.NoError(t, got.Refused[i])
		require.True(t, got.Written[i])
	}
	l, _ := w.refit("crumblet")
	require.Equal(t, record.LayerRefused, l.State)
	require.Equal(t, record.RefusedComplaint, l.RefusedFor)
	require.Contains(t, l.Refused, "https://x.example/1")
	require.NotContains(t, l.Refused, "has not risen after", "a post's words are not kept there")
	require.Nil(t, w.layer("crumblet"))
}

func TestProposeWaitsAndOffKeeps(t *testing.T) {
	b := named("crumblet")
	b.Learn = brand.LearnPropose
	w := newWorld(t, b)
	var answer teach.Answer
	for _, text := range bakes()[:6] {
		answer = w.give("crumblet", w.hear("crumblet", text).ID, false, record.ReasonSpam, "U1")
	}
	require.Equal(t, record.LayerProposed, answer.Layer.State)
	require.Contains(t, answer.Words, "once somebody accepts it")
	require.Nil(t, w.layer("crumblet"))
	same, changed := w.refit("crumblet")
	require.False(t, changed)
	require.Equal(t, answer.Layer.Version, same.Version, "the same proposal is made once")
	accepted, err := w.teach.Accept(t.Context(), "crumblet")
	require.NoError(t, err)
	require.Equal(t, record.LayerActive, accepted.Layer.State)
	require.NotNil(t, w.layer("crumblet"))
	_, err = w.teach.Accept(t.Context(), "crumblet")
	require.ErrorContains(t, err, "nothing is proposed")

	b.Learn = brand.LearnOff
	w.configure(b)
	answer = w.give("crumblet", w.hear("crumblet", bakes()[7]).ID, false, record.ReasonSpam, "U1")
	require.Contains(t, answer.Words, "learn: off")
	require.Zero(t, answer.Layer.Version)
	due, err := w.teach.Due(t.Context())
	require.NoError(t, err)
	require.Empty(t, due)
}

func TestLabelsOfOtherBrandsTeachLess(t *testing.T) {
	if racing {
		t.Skip("many refits; nothing here runs beside something else")
	}
	w := newWorld(t, named("crumblet"), named("otherco"))
	var ls []record.Label
	for i := range 60 {
		l := record.Label{
			Brand: "crumblet", Mention: "x:i" + string(rune('a'+i%26)) + string(rune('a'+i/26)), Text: bakes()[i%8], Reason: record.ReasonSpam,
			Actor: "U2", Source: record.LabelFromImport,
		}
		if i%2 == 1 {
			l.Text, l.Venting, l.Reason = shops()[i%6], true, record.ReasonComplaint
		}
		ls = append(ls, l)
	}
	text := "otherco recipe ruined my bake, burnt outside and raw in the middle, worst evening"
	before := w.venting("otherco", text)
	_, err := w.teach.Import(t.Context(), ls[:20])
	require.NoError(t, err)
	_, changed := w.refit("otherco")
	require.False(t, changed, "a few labels of another brand teach nothing")
	_, err = w.teach.Import(t.Context(), ls)
	require.NoError(t, err)
	w.now = w.now.Add(2 * time.Minute)
	due, err := w.teach.Due(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"crumblet", "otherco"}, due)
	l, changed := w.refit("otherco")
	require.True(t, changed)
	require.Equal(t, 60, l.Shared)
	require.Empty(t, l.Labels)
	require.Less(t, w.venting("otherco", text), before)
}

func TestImportIsRepeatable(t *testing.T) {
	w := newWorld(t, named("crumblet"))
	d := w.hear("crumblet", shops()[0])
	ls := []record.Label{
		{Brand: "crumblet", Mention: d.ID, Venting: true, Reason: record.ReasonComplaint, Actor: "U1", Source: record.LabelFromImport},
		{Brand: "crumblet", Text: "a text of its own", Reason: record.ReasonSpam, Actor: "U1", Source: record.LabelFromImport},
		{Brand: "nobody", Text: "a text", Reason: record.ReasonSpam, Actor: "U1"},
		{Brand: "crumblet", Mention: "x:unknown", Reason: record.ReasonSpam, Actor: "U1"},
	}
	for round, want := range []bool{true, false} {
		got, err := w.teach.Import(t.Context(), ls)
		require.NoError(t, err)
		require.Equal(t, []bool{want, want, false, false}, got.Written, "round %d", round)
		require.NoError(t, got.Refused[0])
		require.NoError(t, got.Refused[1])
		require.ErrorContains(t, got.Refused[2], "no brand")
		require.ErrorContains(t, got.Refused[3], "no text")
	}
	labels, err := w.st.Labels(t.Context(), "crumblet", 0, 0)
	require.NoError(t, err)
	require.Len(t, labels, 2)
	require.Equal(t, shops()[0], labels[0].Text)
	require.Equal(t, "https://x.example/1", labels[0].URL)
}

func TestGiveRefuses(t *testing.T) {
	w := newWorld(t, named("crumblet"))
	d := w.hear("crumblet", shops()[0])
	for _, c := range []struct {
		name string
		l    record.Label
		want string
	}{
		{"an unknown brand", record.Label{Brand: "x", Mention: d.ID, Venting: true, Reason: record.ReasonComplaint}, "there is no brand x"},
		{"an unknown post", record.Label{Brand: "crumblet", Mention: "x:9", Venting: true, Reason: record.ReasonComplaint}, "not stored"},
		{"no reason", record.Label{Brand: "crumblet", Mention: d.ID}, "reason is complaint"},
		{"already handled", record.Label{Brand: "crumblet", Mention: d.ID, Reason: record.ReasonAlreadyHandled}, "reason is complaint"},
		{"a reason that contradicts", record.Label{Brand: "crumblet", Mention: d.ID, Venting: true, Reason: record.ReasonSpam}, "reason is complaint"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := w.teach.Give(t.Context(), c.l)
			var refused *teach.RefusedError
			require.ErrorAs(t, err, &refused)
			require.Contains(t, refused.Human(), c.want)
		})
	}
}

func TestErasedPostsTeachNoMore(t *testing.T) {
	w := newWorld(t, named("crumblet"))
	var ids []string
	for _, text := range bakes()[:5] {
		d := w.hear("crumblet", text)
		w.give("crumblet", d.ID, false, record.ReasonSpam, "U1")
		ids = append(ids, d.ID)
	}
	require.NotNil(t, w.layer("crumblet"))
	require.NoError(t, w.st.EraseEverywhere(t.Context(), ids[0]))
	due, err := w.teach.Due(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"crumblet"}, due)
	l, changed := w.refit("crumblet")
	require.True(t, changed)
	require.Empty(t, l.Weights)
	require.Nil(t, w.layer("crumblet"))
}
