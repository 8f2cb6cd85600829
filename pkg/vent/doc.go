// Package vent answers one question about a text: is its author an unhappy
// customer complaining about this brand, how badly, and why do we think so?
//
// A text is read once (internal/reading): tokens with byte offsets, the brand's
// name marked, cues of our own phrase lists found, features hashed. A linear model
// turns features into log-odds; rules about who speaks, about whom and what for
// move them; every step is remembered as a span of the text, so that the reasons
// sum to the score. Nothing is read or written, there is no clock, and equal input
// gives equal output.
//
//	score.go     the record that comes out
//	scorer.go    loading a model
//	reply.go     scoring one text
//	title.go     a title as the text's first line
//	pass.go      the weights of all features, in one go
//	names.go     compiled names of brands, kept
//	tally.go     cues summed up
//	judge.go     the order of the rules
//	clauses.go   whom each clause is about
//	owners.go    what is said about the brand against what is said about others
//	evidence.go  what the text says outright
//	irony.go     praise that is meant the other way
//	intent.go    what the post is for: question, advertisement, job, news, praise
//	target.go    competitors and homonyms
//	author.go    the brand's own people, reposts and quotations
//	second.go    the second opinion: when it is asked and how it counts
//	layer.go     what labels taught on top
//	severity.go  how bad it is
//	signals.go   signals and topics
//	parts.go     the steps that a score was made of
//	explain.go   the steps as spans of the text
package vent
