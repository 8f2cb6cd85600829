// Package storetest is the suite that every store of LeakyTap passes: what the
// desk, ingest, the drains and the readers rely on, as tests.
//
//	storetest.go  Run, and the records that the tests write
//	desk.go       the one transaction: all or nothing, reading its own writes
//	cases.go      finding, listing and counting cases; all about one
//	service.go    what is due, promised and was said; what became of cases
//	crowd.go      complaints and incidents
//	posts.go      mentions and decisions, found again
//	outbox.go     claims and marks, one by one
//	machine.go    the outbox, posts seen and redelivery under any interleaving
//	checks.go     how often; checks_race.go under the race detector
//	rows.go       the smaller rows
//	labels.go     labels and layers
//	sample.go     the unmatched sample
//	journal.go    what happened to the daemon and its rules
//	erase.go      a retracted post leaves every row
//	prune.go      retention
package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/pkg/mention"
	"github.com/leakytap/leakytap/pkg/vent"
)

// Opener opens a fresh, empty store with the default retention, or with another
// one where cfg says so, and closes it when the test ends.
type Opener func(t *testing.T, cfg store.Config) *store.Store

// Run runs the suite; open is called once or more by each test.
func Run(t *testing.T, open Opener) {
	t.Helper()
	for _, c := range []struct {
		name string
		run  func(t *testing.T, open Opener)
	}{
		{"desk: reads its own writes", testOwnWrites},
		{"desk: an error undoes everything", testUndo},
		{"desk: a second decision of one identity is refused", testSecondDecision},
		{"desk: only locked brands are written", testLocks},
		{"desk: a case's version grows", testVersions},
		{"desk: the alerts of a budget's day", testBudget},
		{"desk: a context that ended begins nothing", testEndedContext},
		{"concurrent desks", testConcurrentDesks},
		{"finding cases", testFindingCases},
		{"finding among many", testFindingAmongMany},
		{"recent cases", testRecentCases},
		{"fingerprints of what lives", testPrints},
		{"listing cases", testListingCases},
		{"dossier", testDossier},
		{"dossier: earlier cases", testEarlier},
		{"lives", testLives},
		{"what was said in a conversation", testReplies},
		{"complaints", testComplaints},
		{"incidents", testIncidents},
		{"mentions", testMentions},
		{"mentions: a retraction is final", testRetractionFinal},
		{"mentions: a native id of its own is kept", testNativeID},
		{"mentions: pages", testMentionPages},
		{"decisions", testDecisions},
		{"outbox: a row goes out once", testSentOnce},
		{"outbox: live cases at a receiver", testLiveCases},
		{"outbox: the latest of a kind, and cards counted", testLatest},
		{"outbox: what is too much becomes digests", testDefer},
		{"outbox: a key is used once", testKeys},
		{"outbox: a try that did not arrive waits and is not unsure", testRetry},
		{"outbox: a dead process leaves a row that must be looked up", testDeadProcess},
		{"outbox: an answer that was lost settles", testLostAnswer},
		{"outbox: what is owed", testOwed},
		{"outbox order", testOutboxOrder},
		{"outbox bodies: an update is said once", testPendingUpdate},
		{"outbox bodies: a digest grows until it is tried", testGrowingDigest},
		{"outbox bodies: what was never tried can be dropped", testDropPending},
		{"concurrent claims", testConcurrentClaims},
		{"outbox machine", testOutboxMachine},
		{"seen machine", testSeenMachine},
		{"redelivery machine", testRedeliveryMachine},
		{"progress", testProgress},
		{"sources", testSources},
		{"watches", testWatches},
		{"clocks", testClocks},
		{"labels", testLabels},
		{"labels: undone, replaced, in dispute", testLabelStates},
		{"layers", testLayers},
		{"layers: of another process", testHeardLayers},
		{"silences", testSilences},
		{"dead letters", testDead},
		{"leases", testLeases},
		{"single values", testMeta},
		{"budgets", testPlans},
		{"samples", testDraws},
		{"journal", testJournal},
		{"activity and messages of a case", testActivity},
		{"unmatched sample", testSample},
		{"erasure", testErase},
		{"erasure leaves others alone", testEraseOthers},
		{"erasure: a promise that quotes the post", testErasePromise},
		{"retention: by age and state", testPruneAges},
		{"retention: what is owed stays", testPruneOwed},
		{"retention: watches, silences and canaries that are over", testPruneOver},
		{"retention: many rows go in portions", testPruneMany},
		{"short retention", testPruneShort},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open) })
	}
}

// base is a time like every other; the store takes its times from its callers.
func base() time.Time { return time.Date(2026, 11, 23, 10, 0, 0, 123456000, time.UTC) }

// update runs fn in an Update that must succeed.
func update(t *testing.T, s *store.Store, brand string, fn func(tx *store.Tx)) {
	t.Helper()
	require.NoError(t, s.Update(t.Context(), []string{brand}, func(tx *store.Tx) error {
		fn(tx)
		return nil
	}))
}

// post is a post with every field filled in.
func post(n int) mention.Mention {
	native := fmt.Sprintf("did:plc:a%d/post%d", n%7, n)
	return mention.Mention{
		ID: mention.MakeID("bluesky", native), Source: "sky", Platform: "bluesky", NativeID: native,
		URL: fmt.Sprintf("https://sky.example/post/%d", n), Kind: mention.KindReply,
		Author: mention.Author{ID: fmt.Sprintf("did:plc:a%d", n%7), Handle: "jo.example", Name: "Jo Doe", Followers: 1200, Verified: true},
		Text:   fmt.Sprintf("three hours on hold with acme and nobody answers %d", n), Title: "On hold", Lang: "en", Rating: 1,
		CreatedAt: base().Add(-time.Minute), ObservedAt: base().Add(time.Duration(n) * time.Second),
		ParentID: "bluesky:parent", RootID: fmt.Sprintf("bluesky:root%d", n),
		Engagement: mention.Engagement{Likes: 1, Reposts: 2, Replies: 3, Views: 4}, Revision: 5,
	}
}

// stored is a post as it is kept for a brand.
func stored(brand string, n int, caseID string) record.Stored {
	return record.Stored{Brand: brand, Mention: post(n), Simhash: 1<<63 + uint64(n), Case: caseID} //nolint:gosec // small numbers
}

// decision is a decision with every field filled in.
func decision(brand string, n int, outcome record.Outcome) record.Decision {
	m := post(n)
	return record.Decision{
		ID: m.ID, Brand: brand, Outcome: outcome, Severity: vent.SeverityHigh, Venting: 0.93125, Priority: 71, Case: "case", Route: "support",
		Why: []string{"matched: acme", "venting 0.93 >= 0.62"}, Revision: m.Revision, Seq: int64(n), Now: base().Add(time.Duration(n) * time.Second),
		BrandHash: "bh", ConfigHash: "ch", Threshold: 0.62, Terms: []string{"acme"}, ExcludedBy: "acme force", Match: record.MatchQuery,
		Score: vent.Score{
			Venting: 0.93125, Negative: 0.9, Neutral: 0.08, Positive: 0.02, Severity: vent.SeverityHigh, Topics: []string{"support"},
			Signals: []string{"waiting"}, Lang: "en", Model: "m1", Opinion: "first",
			Reasons: []vent.Reason{{Start: 0, End: 19, Text: "three hours on hold", Weight: 1.75}},
		},
		Layer: 3,
	}
}

// aCase is a case with every field filled in, opened by post n.
func aCase(brand, id string, n int) record.Case {
	m := post(n)
	return record.Case{
		ID: id, Brand: brand, State: record.StateOpen, Fate: record.FateRecovered, Severity: vent.SeverityHigh, Priority: 71, Owner: "U1",
		About: "hours on hold", Topics: []string{"support"}, Signals: []string{"waiting"}, Root: m.ID, Conversation: m.Conversation(),
		AuthorKey: m.AuthorKey(), Platform: m.Platform, URL: m.URL, Text: m.Text, AuthorName: m.Author.Name, Followers: 1200, Venting: 0.93125,
		Reasons:  []vent.Reason{{Start: 0, End: 19, Text: "three hours on hold", Weight: 1.75}},
		Mentions: 2, Authors: 1, Route: "support", Silent: true, Episode: 1, Version: 1, Simhash: 1<<63 + 7,
		OpenedAt: base(), UpdatedAt: base().Add(time.Minute), LastPostAt: base().Add(time.Second), ClaimedAt: base().Add(2 * time.Second),
		AnsweredAt: base().Add(3 * time.Second), ResolvedAt: base().Add(4 * time.Second), SnoozedUntil: base().Add(5 * time.Second),
		Linked: []string{"earlier"},
		Service: record.Service{
			Since: base(), AckDue: base().Add(time.Hour), AnswerDue: base().Add(2 * time.Hour), ResolveDue: base().Add(3 * time.Hour),
			NudgedAt: base().Add(time.Hour), HeardAt: base().Add(time.Second),
			Promise: &record.Promise{What: "a call back", By: base().Add(24 * time.Hour), Actor: "U1", Via: "slack", At: base()},
		},
	}
}

// notice is a message that is due at base.
func notice(key, receiver, caseID string, kind record.NoticeKind) record.Notice {
	return record.Notice{
		Key: key, Receiver: receiver, Kind: kind, Brand: "acme", Case: caseID, Mention: "bluesky:m",
		ObservedAt: base().Add(-time.Second), CreatedAt: base(), DueAt: base(),
	}
}

// caseIDs are the ids of cases.
func caseIDs(cases []record.Case) []string {
	out := make([]string, len(cases))
	for i, c := range cases {
		out[i] = c.ID
	}
	return out
}
