// Package brand is a brand as an operator writes it: its query, its accounts
// and what to alert on. It validates and hashes; it matches and decides nothing.
//
//	brand.go     the brand and its defaults
//	budget.go    cards a day
//	pin.go       pinned examples
//	service.go   by when a case is due; hours.go working hours
//	learn.go     what becomes of labels
//	spikes.go    more complaints than usual, and what a priority is made of
//	validate.go  every mistake in a brand, but for its query's grammar
//	hash.go      what tells two versions of a brand apart
package brand

import (
	"github.com/leakytap/leakytap/internal/setting"
	"github.com/leakytap/leakytap/pkg/vent"
)

// Brand is one brand as written in leakytap.yaml or in a file of brands_dir,
// with the defaults already filled in.
type Brand struct {
	// Name is the brand's short name: letters, digits, - and _, at most 64.
	Name string `yaml:"name" json:"name"`
	// Query is the keyword query; internal/match has its grammar.
	Query string `yaml:"query" json:"query"`
	// Languages are BCP 47 languages to keep; empty keeps all. A mention whose
	// language is not known is never dropped.
	Languages []string `yaml:"languages" json:"languages,omitempty"`
	// OwnAccounts are the brand's own accounts (with or without @): their posts are
	// answers, not complaints. PressAccounts are news desks and partners.
	OwnAccounts   []string `yaml:"own_accounts" json:"own_accounts,omitempty"`
	PressAccounts []string `yaml:"press_accounts" json:"press_accounts,omitempty"`
	// Aliases are further names of the brand, Competitors names of rivals, Context
	// words that speak for the brand rather than a homonym: the scorer reads them.
	Aliases     []string `yaml:"aliases" json:"aliases,omitempty"`
	Competitors []string `yaml:"competitors" json:"competitors,omitempty"`
	Context     []string `yaml:"context" json:"context,omitempty"`
	Alert       Alert    `yaml:"alert" json:"alert"`
	// Timezone is an IANA name; the brand's day begins there. Empty is UTC.
	Timezone string `yaml:"timezone" json:"timezone,omitempty"`
	// SLA is by when a case should be claimed, answered and resolved. Its time counts
	// in Hours; where there are none, and for critical cases, at all times.
	SLA   SLA   `yaml:"sla" json:"sla,omitzero"`
	Hours Hours `yaml:"hours" json:"hours,omitempty"`
	// Nudge is who hears that nobody has claimed a case in time, Praise who hears kind words.
	Nudge  Nudge  `yaml:"nudge" json:"nudge,omitzero"`
	Praise Praise `yaml:"praise" json:"praise,omitzero"`
	// SilentAfter is how long a customer who was answered may say nothing before the
	// case ends as silent; 0 leaves it to people.
	SilentAfter setting.Duration `yaml:"silent_after" json:"silent_after,omitempty"`
	// Learn says what becomes of people's labels: auto, propose or off; empty is auto.
	Learn string `yaml:"learn" json:"learn,omitempty"`
	// Spikes says when more complaints than usual are an incident, Priority what a
	// case's priority is made of.
	Spikes   Spikes   `yaml:"spikes" json:"spikes"`
	Priority Priority `yaml:"priority" json:"priority"`
	// MustAlert and MustNotAlert are the pinned examples, run at every load.
	MustAlert    []Pin `yaml:"must_alert" json:"must_alert,omitempty"`
	MustNotAlert []Pin `yaml:"must_not_alert" json:"must_not_alert,omitempty"`
}

// Alert says what is worth a card.
type Alert struct {
	// Threshold is the least venting probability, from 0 to 1.
	Threshold float64 `yaml:"threshold" json:"threshold"`
	// MinSeverity is the least severity.
	MinSeverity vent.Severity `yaml:"min_severity" json:"min_severity"`
	// Budget is how many cards a day are welcome, written 20/day; empty is no limit.
	// Critical ones are never held back.
	Budget Budget `yaml:"budget" json:"budget,omitempty"`
}

// Default is what a brand has where nothing is written.
func Default() Brand {
	return Brand{
		Alert: Alert{Threshold: 0.6, MinSeverity: vent.SeverityLow},
		SLA:   DefaultSLA(), SilentAfter: setting.Duration(DefaultSilentAfter),
		Spikes: DefaultSpikes(), Priority: DefaultPriority(),
	}
}
