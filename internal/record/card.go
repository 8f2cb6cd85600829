package record

import "github.com/leakytap/leakytap/pkg/mention"

// Dossier is all that is known about one case: what a card, an inbox page or
// `case show` is rendered from.
type Dossier struct {
	Case Case `json:"case"`
	// Root is the first post as it is now, with Text empty once it was retracted.
	Root mention.Mention `json:"root"`
	// Later are the posts that joined, oldest first, at most 50.
	Later []mention.Mention `json:"later,omitempty"`
	// History is the case's events, oldest first.
	History []Event `json:"history,omitempty"`
	// Earlier are other cases of the same customer and those linked with it, the newest first, at most 5.
	Earlier []Earlier `json:"earlier,omitempty"`
	// Why is the decision that opened it.
	Why []string `json:"why,omitempty"`
}
