// Package match finds the brands that a post speaks of. It parses the keyword
// queries that operators write, compiles those of all brands together and
// matches a post against all of them in one pass.
//
// The promises: matching ignores case, accents, compatibility forms and
// invisible characters; words match at word boundaries, and scripts without
// spaces match by substring; the cost of a post grows with the post and with the
// brands that it touches, not with the number of terms. A query that could match
// without any of its terms is refused, and so is everything that has two
// readings. Every error names a column and a way out.
//
//	fold.go     case, accents and invisible characters
//	token.go    words, @handles and #tags of a folded text
//	lex.go      a query's tokens
//	list.go     term lists that several queries share: $delays
//	parse.go    the grammar
//	term.go     one term: its words as they are looked up
//	field.go    from:, lang:, source:, kind: and is:
//	normal.go   NOT pushed down to the terms; what anchors a query
//	warn.go     what is legal and probably not meant
//	compile.go  all brands into one Set
//	anchor.go   the terms that a brand cannot match without
//	match.go    the pass over a post
//	scan.go     terms found in a post
//	near.go     NEAR/n
//	eval.go     the expression of a brand that was touched
//	lang.go     languages, declared and asked for
//	names.go    the names that a query asks for
//	parts.go    the parts of a query one by one, and whether some of them suffice
package match
