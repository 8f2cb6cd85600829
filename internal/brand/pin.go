package brand

import (
	"fmt"

	"github.com/leakytap/leakytap/pkg/vent"
)

// Pin is a pinned example: a text and, optionally, what must come of it. In
// YAML a plain string is a Pin with that text.
type Pin struct {
	// Text is the example, as a customer might write it.
	Text string `yaml:"text" json:"text"`
	// Severity, Outcome and Route must come out exactly so where they are set.
	Severity vent.Severity `yaml:"severity" json:"severity,omitempty"`
	Outcome  string        `yaml:"outcome" json:"outcome,omitempty"`
	Route    string        `yaml:"route" json:"route,omitempty"`
}

// UnmarshalYAML reads a text, or a mapping with text and what must come of it.
func (p *Pin) UnmarshalYAML(construct func(any) error) error {
	var text string
	if err := construct(&text); err == nil {
		*p = Pin{Text: text}
		return nil
	}
	type plain Pin
	var full plain
	if err := construct(&full); err != nil {
		return fmt.Errorf("reading an example: %w", err)
	}
	*p = Pin(full)
	return nil
}

// MarshalYAML writes a Pin as it may be read: a plain text where nothing else is set.
func (p Pin) MarshalYAML() (any, error) {
	if p.Severity == "" && p.Outcome == "" && p.Route == "" {
		return p.Text, nil
	}
	type plain Pin
	return plain(p), nil
}
