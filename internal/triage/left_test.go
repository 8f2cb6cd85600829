package triage_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/triage"
	"github.com/leakytap/leakytap/pkg/vent"
)

func TestLeft(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"cancelled, moved to Globex":                              true,
		"Cancelled my subscription today. Good riddance.":         true,
		"I've cancelled our account after nine years":             true,
		"closed my account":                                       true,
		"finally switched, should have done it years ago":         true,
		"We have taken our business elsewhere":                    true,
		"I am no longer a customer":                               true,
		"moved to another provider, bye":                          true,
		"switched to @globex and it just works":                   true,
		"went with globex":                                        true,
		"habe gekündigt":                                          true,
		"j’ai résilié hier":                                       true,
		"I will cancel my account":                                false,
		"if this goes on i have cancelled my account by Friday":   false,
		"thinking about it, might have switched to globex by now": false,
		"you cancelled my account without asking":                 false,
		"they closed my account for no reason":                    false,
		"tried and tried but never cancelled my subscription":     false,
		"why was my order cancelled":                              false,
		"moved to Lisbon last year, parcel went to the old flat":  false,
		"how do i get it cancelled":                               false,
		"my flight was cancelled":                                 false,
		"you left me a message":                                   false,
		"still waiting":                                           false,
		"":                                                        false,
	} {
		require.Equal(t, want, triage.Left(text, []string{"@Globex", ""}), "%q", text)
	}
}

func FuzzLeft(f *testing.F) {
	f.Add("cancelled, moved to globex", "globex")
	f.Fuzz(func(_ *testing.T, text, competitor string) { triage.Left(text, []string{competitor}) })
}

func TestPraise(t *testing.T) {
	t.Parallel()
	require.True(t, triage.Praise(vent.Score{Positive: 0.9, Venting: 0.05}, 0.6))
	require.False(t, triage.Praise(vent.Score{Positive: 0.9, Venting: 0.05, Signals: []string{"sarcasm"}}, 0.6))
	require.False(t, triage.Praise(vent.Score{Positive: 0.6, Venting: 0.05}, 0.6))
	require.False(t, triage.Praise(vent.Score{Positive: 0.9, Venting: 0.4}, 0.6))
}
