package desk_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/desk"
	"github.com/leakytap/leakytap/internal/record"
)

// Who may not act changes nothing, and the case's history says that they tried, once for
// each click.
func TestRefuse(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.scored(complaint("1")).Case
	b.sent()
	a := record.Action{Case: id, Verb: record.VerbResolve, Actor: "U0EVE", Via: "slack", Key: "click-1"}
	for range 2 {
		require.NoError(t, b.desk.Refuse(t.Context(), a, "resolve: not in allowed_users"))
	}
	k := b.dossier(id)
	require.Equal(t, "opened refused", history(k))
	require.Equal(t, []string{"U0EVE", "slack", "resolve: not in allowed_users"}, []string{k.History[1].Actor, k.History[1].Via, k.History[1].Detail})
	require.Equal(t, record.StateOpen, k.Case.State)
	require.Empty(t, b.sent())
	_, err := b.desk.Act(t.Context(), a)
	require.Error(t, err, "the same click does not act later")
	a.Case = "01NONE"
	require.ErrorIs(t, b.desk.Refuse(t.Context(), a, "x"), desk.ErrNotFound)
}
