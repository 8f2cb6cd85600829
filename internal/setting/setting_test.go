package setting

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"
)

func TestSecretNeverPrints(t *testing.T) {
	const value = "xoxb-planted"
	type holder struct {
		Token Secret `yaml:"token" json:"token"`
		Empty Secret `yaml:"empty" json:"empty"`
	}
	h := holder{Token: value}
	var out []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		out = append(out, fmt.Sprintf(verb, h.Token), fmt.Sprintf(verb, h), fmt.Sprintf(verb, &h), fmt.Sprintf(verb, []Secret{h.Token}))
	}
	j, err := json.Marshal(h)
	require.NoError(t, err)
	y, err := yaml.Marshal(h)
	require.NoError(t, err)
	out = append(out, string(j), string(y), fmt.Sprint(h), h.Token.String(), h.Token.GoString())
	for _, s := range out {
		require.NotContains(t, s, "planted")
		require.NotContains(t, s, fmt.Sprintf("%x", value))
	}
	require.JSONEq(t, `{"token":"<secret>","empty":""}`, string(j))
	require.Equal(t, value, h.Token.Reveal())
}

func TestDuration(t *testing.T) {
	for in, want := range map[string]time.Duration{
		"90s": 90 * time.Second, "15m": 15 * time.Minute, "1h30m": 90 * time.Minute, "30d": 720 * time.Hour, "2w": 336 * time.Hour,
		"0.5d": 12 * time.Hour, " 5s ": 5 * time.Second, "0": 0, "250ms": 250 * time.Millisecond, "0d": 0,
	} {
		var d Duration
		require.NoError(t, d.UnmarshalText([]byte(in)), in)
		require.Equal(t, want, d.D(), in)
	}
	for _, in := range []string{"", "5", "d", "-1d", "1x", "200000d", "NaNd", "Infw", "1d12h"} {
		var d Duration
		require.Error(t, d.UnmarshalText([]byte(in)), in)
	}
	for want, d := range map[string]time.Duration{"30d": 720 * time.Hour, "1h30m": 90 * time.Minute, "2h": 2 * time.Hour, "5m": 5 * time.Minute, "5s": 5 * time.Second, "0s": 0} {
		require.Equal(t, want, Duration(d).String())
		back, err := ParseDuration(want)
		require.NoError(t, err)
		require.Equal(t, d, back)
	}
}

func TestUnder(t *testing.T) {
	got := Under("routes", []Problem{{Path: "[1].receiver", Msg: "a"}, {Path: "x", Msg: "b"}, {Msg: "c"}})
	require.Equal(t, []Problem{{Path: "routes[1].receiver", Msg: "a"}, {Path: "routes.x", Msg: "b"}, {Path: "routes", Msg: "c"}}, got)
	require.EqualError(t, got[0], "routes[1].receiver: a")
	require.EqualError(t, Problem{Msg: "c"}, "c")
}

func TestNearest(t *testing.T) {
	names := []string{"name", "query", "languages", "own_accounts", "alert"}
	for in, want := range map[string]string{
		"naem": "name", "querry": "query", "language": "languages", "own_acounts": "own_accounts", "Query": "query", "alerts": "alert", "xyz": "", "zq": "", "": "",
	} {
		require.Equal(t, want, Nearest(in, names), in)
	}
}
