package alert

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"
)

func TestReceiverProblems(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		want       []string
	}{
		{"slack", `{name: support, slack: {token: xoxb-1, channel: C123, signing_secret: s, timeout: 5s, settle: 15s}}`, nil},
		{"slack from files", `{name: support, slack: {token_file: a, channel: C123, app_token_file: b}}`, nil},
		{"console", `{name: console, console: {}}`, nil},
		{"no kind", `{name: x}`, []string{"a receiver needs a kind: slack: {...}, email: {...}, webhook: {...}, pagerduty: {...} or console: {}"}},
		{"no name", `{console: {}}`, []string{"name: a receiver needs a name of letters, digits, dots, - and _, at most 64"}},
		{"two kinds", `{name: x, console: {}, slack: {token: a, channel: C123}}`, []string{"a receiver has one kind; make a second receiver for the other"}},
		{"not there yet", `{name: x, teams: {key: a}}`, []string{"teams: receivers of kind teams are not there yet; use slack, email, webhook, pagerduty, alertmanager or console"}},
		{"no token", `{name: x, slack: {channel: C123}}`, []string{"slack.token: slack needs a bot token: token, or token_file with the path of a file that holds it"}},
		{"app token as token", `{name: x, slack: {token: xapp-1, channel: C123}}`, []string{"slack.token: this is an app token (xapp-...); token wants the bot token (xoxb-...), app_token takes this one"}},
		{"bot token as app token", `{name: x, slack: {token: xoxb-1, app_token: xoxb-1, channel: C123}}`, []string{"slack.app_token: this is a bot token (xoxb-...); app_token wants the app token (xapp-...)"}},
		{"channel by name", `{name: x, slack: {token: a, channel: "#support"}}`, []string{"slack.channel: a channel is named by its id, such as C0123456789, not by its name; it stands at the end of the channel's details in Slack"}},
		{"no channel", `{name: x, slack: {token: a}}`, []string{"slack.channel: slack needs the id of a channel, such as C0123456789; it stands at the end of the channel's details in Slack"}},
		{
			"everything at once", `{name: x, slack: {token: a, channel: C123, api_url: "file:///x", timeout: 1h, settle: 1ms, allowed_users: [jo]}}`,
			[]string{
				"slack.api_url: api_url wants an http or https address without a user, such as https://slack.com/api/",
				"slack.timeout: timeout is between 100ms and 1m", "slack.settle: settle is between 100ms and 10m",
				"slack.allowed_users: allowed_users wants Slack user ids, such as U0123456789",
			},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var c ReceiverConfig
			require.NoError(t, yaml.Unmarshal([]byte(tc.text), &c))
			var got []string
			for _, p := range c.Validate() {
				got = append(got, p.Error())
			}
			require.Equal(t, tc.want, got)
		})
	}
	ps := ValidateReceivers([]ReceiverConfig{{Name: "a", Console: &ConsoleConfig{}}, {Name: "a", Console: &ConsoleConfig{}}})
	require.Len(t, ps, 1)
	require.Equal(t, "[1].name: there is another receiver called a", ps[0].Error())
}

func TestSlackDefaults(t *testing.T) {
	c := SlackConfig{APIURL: "http://127.0.0.1:1/api", Token: "xoxb-secret"}.WithDefaults()
	require.Equal(t, "http://127.0.0.1:1/api/", c.APIURL)
	require.Equal(t, 5*time.Second, c.Timeout.D())
	require.Equal(t, 15*time.Second, c.Settle.D())
	require.Equal(t, DefaultSlackAPI, SlackConfig{}.WithDefaults().APIURL)
	raw, err := json.Marshal(c)
	require.NoError(t, err)
	require.NotContains(t, string(raw), "xoxb-secret")
}
