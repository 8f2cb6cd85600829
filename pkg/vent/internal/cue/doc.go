// Package cue finds phrases in a parsed text: words with a valence, signs of a
// complaint, of waiting, of an advertisement and so on. The phrases are text
// files of our own writing under phrases/, one per language; all of a language
// are matched together in one pass over the tokens.
//
// A line of a file is a phrase, or a section's name in brackets. In a phrase
//
//	(a/b/c)   is one of several words or of several phrases
//	word?     may be missing; so may a group: (the/my)?
//	<num>     is a number; <time> a unit of time; <user> a handle; <url> a link
//	<brand>   is the brand asked about; <rival> a competitor
//	<any>     is any one word; <gap> is up to three words
//	<end>     is the end of a sentence; <start> its beginning
//
// and "| 3" at the end gives it that weight (1 without). Two ~ begin a comment.
//
//	doc.go      what a phrase looks like
//	kind.go     the kinds of cues
//	pattern.go  a phrase as read from a file
//	compile.go  phrases compiled together
//	layout.go   the compiled phrases folded and laid out
//	trie.go     the compiled phrases and the one pass over a text
//	lang.go     which language a text is in
package cue
