package record

// Tone is what a post says to a case that it belongs to.
type Tone string

// The tones of a post.
const (
	// ToneVenting is a complaint by the brand's own threshold.
	ToneVenting Tone = "venting"
	// ToneLeft says that the author has left the brand.
	ToneLeft Tone = "left"
	// ToneResolved says that the matter is settled.
	ToneResolved Tone = "resolved"
	// ToneThanks is a thank-you that does not say that the matter is settled.
	ToneThanks Tone = "thanks"
	// TonePleased is a friendly word without thanks.
	TonePleased Tone = "pleased"
	// ToneNeutral is anything else.
	ToneNeutral Tone = "neutral"
)
