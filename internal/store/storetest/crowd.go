package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
)

func testComplaints(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	at, err := s.FirstComplaint(t.Context(), "acme")
	require.NoError(t, err)
	require.Zero(t, at)
	one := record.Complaint{
		Brand: "acme", Mention: "x:1", At: base(), Author: 1<<63 + 7, Topics: []string{"app", "outage"}, Outage: true,
		Words: []string{"#login", "rivermouth"}, About: "app login", Copy: true, Reach: 1200, Case: "c",
	}
	update(t, s, "acme", func(tx *store.Tx) {
		require.NoError(t, tx.PutComplaint(one))
		again := one
		again.About, again.At = "something else", base().Add(time.Hour)
		require.NoError(t, tx.PutComplaint(again), "a second sighting changes nothing")
		for i := range 4 {
			require.NoError(t, tx.PutComplaint(record.Complaint{Brand: "acme", Mention: fmt.Sprint("y:", i), At: base().Add(time.Minute)}))
		}
		require.Error(t, tx.PutComplaint(record.Complaint{Brand: "globex", Mention: "x:1"}), "the brand is not locked")
		got, err := tx.Complaints("acme", base(), base().Add(time.Second), 0)
		require.NoError(t, err)
		require.Equal(t, []record.Complaint{one}, got)
	})
	got, err := s.Complaints(t.Context(), "acme", base(), base().Add(time.Hour), 3)
	require.NoError(t, err)
	var ids []string
	for _, c := range got {
		ids = append(ids, c.Mention)
	}
	require.Equal(t, []string{"y:1", "y:2", "y:3"}, ids, "the newest, the oldest first")
	none, err := s.Complaints(t.Context(), "globex", base(), base().Add(time.Hour), 0)
	require.NoError(t, err)
	require.Empty(t, none)
	at, err = s.FirstComplaint(t.Context(), "acme")
	require.NoError(t, err)
	require.Equal(t, base(), at)
	update(t, s, "acme", func(tx *store.Tx) {
		require.NoError(t, tx.EraseMention("acme", "x:1"))
		got, err := tx.Complaints("acme", base(), base().Add(time.Second), 0)
		require.NoError(t, err)
		require.Empty(t, got)
	})
	require.NoError(t, s.Prune(t.Context(), base().Add(400*24*time.Hour)))
	got, err = s.Complaints(t.Context(), "acme", base(), base().Add(time.Hour), 0)
	require.NoError(t, err)
	require.Empty(t, got, "they go with the retention")
}

func testIncidents(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	spike, plain, old := aCase("acme", "spike", 1), aCase("acme", "plain", 2), aCase("acme", "old", 3)
	spike.Crowd = record.Crowd{
		Fault: []string{"login"}, Steps: []time.Time{base(), base().Add(time.Minute)}, Recent: 2, RecentAt: base(), Copies: 1, Reach: 5,
		Examples: []record.Example{{Mention: "x:1", URL: "https://x.example/1", Author: 1<<63 + 1, Weight: 3}}, Told: 10,
		Incident: &record.Incident{Topic: "app", Since: base(), At: base(), Authors: 20, Window: time.Hour, Usual: 1.5, Days: 5, Reach: 9, Inhibited: 2},
	}
	plain.Crowd = record.Crowd{Fault: []string{"app"}}
	old.Crowd.Incident = &record.Incident{Topic: "app"}
	old.UpdatedAt = base().Add(-48 * time.Hour)
	update(t, s, "acme", func(tx *store.Tx) {
		for _, c := range []record.Case{spike, plain, old} {
			require.NoError(t, tx.PutCase(c))
		}
		got, err := tx.Incidents("acme", base().Add(-24*time.Hour))
		require.NoError(t, err)
		require.Len(t, got, 1)
		require.Equal(t, spike.Crowd, got[0].Crowd)
	})
	got, err := s.Incidents(t.Context(), "acme", base().Add(-72*time.Hour))
	require.NoError(t, err)
	require.Len(t, got, 2)
	c, err := s.Case(t.Context(), "plain")
	require.NoError(t, err)
	require.Equal(t, plain.Crowd, c.Crowd)
}
