package brand

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"

	"github.com/leakytap/leakytap/pkg/vent"
)

func acme() Brand {
	b := Default()
	b.Name, b.Query, b.Timezone = "acme", "acme", "Europe/Berlin"
	b.Languages, b.OwnAccounts = []string{"en", "pt-BR"}, []string{"@acmeair", "acme.example"}
	b.MustAlert = []Pin{{Text: "3 hours on hold"}}
	return b
}

func TestValidate(t *testing.T) {
	require.Empty(t, acme().Validate())
	for _, tc := range []struct {
		name string
		edit func(*Brand)
		want string
	}{
		{"no name", func(b *Brand) { b.Name = "" }, "name: is missing; write a short name such as acme"},
		{"name with a space", func(b *Brand) { b.Name = "acme air" }, `name: "acme air" is no name; write 1 to 64 letters, digits, - and _`},
		{"long name", func(b *Brand) { b.Name = strings.Repeat("a", 65) }, `name: "` + strings.Repeat("a", 65) + `" is no name; write 1 to 64 letters, digits, - and _`},
		{"no query", func(b *Brand) { b.Query = " " }, `query: is missing; write the brand's names, such as "acme air" OR @acmeair`},
		{"language by name", func(b *Brand) { b.Languages[1] = "english" }, `languages[1]: "english" is no language; write a code such as en or pt-BR`},
		{"empty account", func(b *Brand) { b.OwnAccounts[0] = "@" }, "own_accounts[0]: names no account; write it as @acmeair"},
		{"account as url", func(b *Brand) { b.PressAccounts = []string{"https://x.example/acme"} }, `press_accounts[0]: "https://x.example/acme" is no account; write it as @acmeair, without spaces and without a URL`},
		{"account twice", func(b *Brand) { b.OwnAccounts[1] = "ACMEAIR" }, `own_accounts[1]: "ACMEAIR" stands here twice`},
		{"alias of signs", func(b *Brand) { b.Aliases = []string{"--"} }, `aliases[0]: "--" has no letters`},
		{"too many", func(b *Brand) { b.Context = strings.Split(strings.Repeat("a ", maxEntries)+"b", " ") }, "context: has 1001 entries; at most 1000 are allowed"},
		{"threshold", func(b *Brand) { b.Alert.Threshold = 60 }, "alert.threshold: 60 is no probability; write a number from 0 to 1, such as 0.6"},
		{"threshold is no number", func(b *Brand) { b.Alert.Threshold = math.NaN() }, "alert.threshold: NaN is no probability; write a number from 0 to 1, such as 0.6"},
		{"threshold zero", func(b *Brand) { b.Alert.Threshold = 0 }, "alert.threshold: 0 alerts on every post that matches and is no praise; 0.6 is usual"},
		{"severity", func(b *Brand) { b.Alert.MinSeverity = "urgent" }, `alert.min_severity: "urgent" is no severity to alert from; write low, medium, high or critical`},
		{"severity none", func(b *Brand) { b.Alert.MinSeverity = vent.SeverityNone }, `alert.min_severity: "none" is no severity to alert from; write low, medium, high or critical`},
		{"timezone", func(b *Brand) { b.Timezone = "Berlin" }, `timezone: "Berlin" is no time zone; write a name such as Europe/Berlin`},
		{"local timezone", func(b *Brand) { b.Timezone = "Local" }, `timezone: "Local" is no time zone; write a name such as Europe/Berlin`},
		{"empty pin", func(b *Brand) { b.MustAlert[0].Text = "" }, "must_alert[0]: the example has no text"},
		{"pin severity", func(b *Brand) { b.MustAlert[0].Severity = "bad" }, `must_alert[0].severity: "bad" is no severity; write none, low, medium, high or critical`},
		{"pin outcome", func(b *Brand) { b.MustNotAlert = []Pin{{Text: "x", Outcome: "joined"}} }, `must_not_alert[0].outcome: "joined" is no outcome of a single text; write one of alert, below_threshold, excluded, not_matched`},
		{"pin contradicts", func(b *Brand) { b.MustAlert[0].Outcome = "excluded" }, `must_alert[0].outcome: "excluded" contradicts must_alert`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := acme()
			tc.edit(&b)
			ps := b.Validate()
			require.NotEmpty(t, ps)
			if tc.name == "too many" { // its repeated entries are warned about as well
				require.Equal(t, tc.want, ps[0].Error())
				return
			}
			require.Len(t, ps, 1)
			require.Equal(t, tc.want, ps[0].Error())
		})
	}
}

func TestHashCoversWhatDecides(t *testing.T) {
	base := acme().Hash()
	require.Equal(t, base, acme().Hash())
	for name, edit := range map[string]func(*Brand){
		"query":     func(b *Brand) { b.Query = "acme NOT bolt" },
		"languages": func(b *Brand) { b.Languages = nil },
		"accounts":  func(b *Brand) { b.OwnAccounts = []string{"@acme"} },
		"press":     func(b *Brand) { b.PressAccounts = []string{"@news"} },
		"context":   func(b *Brand) { b.Context = []string{"flight"} },
		"rivals":    func(b *Brand) { b.Competitors = []string{"bolt"} },
		"aliases":   func(b *Brand) { b.Aliases = []string{"aa"} },
		"threshold": func(b *Brand) { b.Alert.Threshold = 0.61 },
		"severity":  func(b *Brand) { b.Alert.MinSeverity = vent.SeverityHigh },
		"budget":    func(b *Brand) { b.Alert.Budget = 5 },
		"timezone":  func(b *Brand) { b.Timezone = "" },
		"name":      func(b *Brand) { b.Name = "bolt" },
		"nan":       func(b *Brand) { b.Alert.Threshold = math.NaN() },
	} {
		b := acme()
		edit(&b)
		require.NotEqual(t, base, b.Hash(), name)
	}
	b := acme()
	b.MustAlert, b.MustNotAlert = nil, []Pin{{Text: "other"}}
	require.Equal(t, base, b.Hash(), "examples decide nothing")
}

func TestPinIsTextOrMapping(t *testing.T) {
	var pins []Pin
	require.NoError(t, yaml.Unmarshal([]byte("- on hold\n- {text: lost bag, severity: high, route: oncall}\n- 1.10\n"), &pins))
	require.Equal(t, []Pin{{Text: "on hold"}, {Text: "lost bag", Severity: vent.SeverityHigh, Route: "oncall"}, {Text: "1.10"}}, pins)
	require.Error(t, yaml.Unmarshal([]byte("- [a, b]\n"), &pins))
	out, err := yaml.Marshal([]Pin{{Text: "on hold"}, {Text: "x", Severity: vent.SeverityLow}})
	require.NoError(t, err)
	require.Contains(t, string(out), "- on hold\n")
	require.Contains(t, string(out), "severity: low")
	var p Pin
	require.ErrorContains(t, p.UnmarshalYAML(func(any) error { return errors.New("no") }), "reading an example")
}

func TestBudget(t *testing.T) {
	var b Budget
	for in, want := range map[string]Budget{"20/day": 20, " 5 /day ": 5, "": 0} {
		require.NoError(t, b.UnmarshalText([]byte(in)), in)
		require.Equal(t, want, b)
	}
	for _, in := range []string{"20", "0/day", "-1/day", "20/week", "x/day", "9999999/day"} {
		require.Error(t, b.UnmarshalText([]byte(in)), in)
	}
	require.Equal(t, "20/day", Budget(20).String())
	require.Empty(t, Budget(0).String())
}
