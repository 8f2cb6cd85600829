package vent

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// plainComplaints are complaints as most people write them. A model that learns to see
// through irony must not lose these: none of them is among the posts it learned from.
var plainComplaints = []string{
	"acme charged me twice and refuses the refund, i am furious",
	"acme cancelled my order and kept the money, this is a scam",
	"so angry. acme lost my bag again",
	"acme broke my sofa, never again, worst company ever",
	"acme broke my sofa, never again, worst company ever. awful people",
	"my acme washing machine broke after two days",
	"acme app keeps crashing, fix it",
	"still waiting for my acme parcel",
	"@acme customer service is useless",
	"acme took my money and never sent the order, furious",
	"third week without internet, thanks for nothing acme",
	"acme is down again",
	"the acme orchestra cancelled the night concert and refuses the refund. i am furious",
	"what a disgrace, acme cancelled again and refuses the refund. never again",
	"never again: acme lost my booking and ignores my emails. worst service ever",
	"@acme i have been on hold for two hours and nobody picks up",
	"acme sent me the wrong size twice and now wants me to pay for the return",
	"Acme's driver threw my parcel over the fence. Everything in it is broken.",
	"i am so disappointed with acme, the new phone is already dead",
	"acme overcharged us by 80 euros and will not answer",
	"worst hotel i have ever stayed in, acme should be ashamed",
	"ACME WHERE IS MY REFUND",
	"acme locked my account and i can't pay my rent",
	"the acme technician never showed up. second day off work for nothing",
	"my acme fridge stopped working and they refuse to repair it under warranty",
	"acme staff were incredibly rude to my mother today",
	"cannot log in to acme since this morning, support ignores me",
	"avoid acme. they stole my deposit",
	"acme delivered cold food an hour late and hung up on me",
}

func TestPlainComplaints(t *testing.T) {
	t.Parallel()
	s, err := Default()
	require.NoError(t, err)
	for _, text := range plainComplaints {
		for name, fast := range map[string]bool{"first": true, "both": false} {
			got := s.Score(Input{Text: text, Brand: "acme", Aliases: []string{"acme"}, Lang: "en"}, Options{Fast: fast})
			require.GreaterOrEqual(t, got.Venting, 0.6, "%s opinion: %s", name, text)
		}
	}
}
