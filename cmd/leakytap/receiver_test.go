package main_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/standin/slack"
)

func TestTestReceiver(t *testing.T) {
	t.Parallel()
	all := []string{"chat:write", "channels:history", "channels:read"}
	for _, tt := range []struct {
		name string
		opt  slack.Options
		fail string
		says string
	}{
		{"works", slack.Options{}, "", ""},
		{"missing scope", slack.Options{Scopes: all[1:]}, "scopes", "chat:write"},
		{"no history", slack.Options{Scopes: all[:1]}, "scopes", "channels:history"},
		{"not in the channel", slack.Options{Scopes: all, Channels: []slack.Channel{{ID: slack.DefaultChannel, Absent: true}}}, "post", "/invite"},
		{"no such channel", slack.Options{Scopes: all, Channels: []slack.Channel{{ID: "C0OTHER"}}}, "post", "does not exist"},
		{"wrong token", slack.Options{Token: "xoxb-another"}, "token", "token"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.opt.Channels == nil {
				tt.opt.Channels = []slack.Channel{{ID: slack.DefaultChannel}}
			}
			srv := slack.New(tt.opt)
			require.NoError(t, srv.Start(t.Context(), "127.0.0.1:0"))
			t.Cleanup(func() { _ = srv.Close() })
			s := newShell(t)
			s.write("token", slack.DefaultToken+"\n")
			s.write("leakytap.yaml", fmt.Sprintf(`brands: [{name: acme, query: acme}]
route: {receiver: support}
receivers: [{name: support, slack: {api_url: %q, token_file: token, channel: %s}}]
`, srv.APIURL(), slack.DefaultChannel))
			a := s.call("test-receiver", "support")
			require.NotContains(t, a.out+a.err, slack.DefaultToken)
			var rep struct {
				Receiver string `json:"receiver"`
				Error    string `json:"error"`
				OK       bool   `json:"ok"`
				Steps    []struct {
					Name string `json:"name"`
				} `json:"steps"`
			}
			j := s.call("test-receiver", "support", "--json")
			require.Equal(t, a.code, j.code)
			require.NoError(t, json.Unmarshal([]byte(j.out), &rep), j.out)
			require.Equal(t, "support", rep.Receiver)
			if tt.fail == "" {
				require.Equal(t, 0, a.code, a.out+a.err)
				require.Contains(t, a.out, "support works")
				require.True(t, rep.OK)
				roots := srv.Roots(slack.DefaultChannel)
				require.Len(t, roots, 2, "one message a call")
				require.Equal(t, 1, roots[0].Edits)
				require.NotEmpty(t, roots[0].Key())
				require.NotEqual(t, roots[0].Key(), roots[1].Key())
				return
			}
			require.Equal(t, 1, a.code)
			require.Contains(t, a.err, tt.says)
			require.Equal(t, tt.fail, rep.Steps[len(rep.Steps)-1].Name, a.out)
			require.False(t, rep.OK)
			require.NotEmpty(t, rep.Error)
		})
	}
}

func TestTestReceiverConsole(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.write("leakytap.yaml", "brands: [{name: acme, query: acme}]\n"+consoleRoute)
	require.Contains(t, s.good("test-receiver", "console").out, "test")
	a := s.call("test-receiver", "nobody")
	require.Equal(t, 1, a.code)
	require.Contains(t, a.err, "nobody")
	require.Contains(t, a.err, "console", "it says which there are")
}
