// Package text turns a post into tokens for the scorer. It keeps, for every
// token, the byte offsets into the text as it was given, so that whatever is
// said about a token can be shown in the original.
//
// The cost is linear in the text's length, any bytes are safe, and a Doc that is
// used again allocates nothing once its buffers have grown.
//
//	doc.go       the token and the parsed document
//	fold.go      one rune to its normal form: case, width, accents, escapes
//	parse.go     the tokeniser
//	parts.go     handles, links, hashtags, emoticons, emoji
//	scope.go     what negation and quotation marks reach
//	hash.go      how tokens are hashed
package text

// Kind says what a token is.
type Kind uint8

// The kinds of tokens.
const (
	Word Kind = iota
	Number
	User
	URL
	Emoji
	Emoticon
	Punct
)

// Flag is a bit set of what is special about a token.
type Flag uint16

// The flags of a token.
const (
	// Caps is a word of two letters or more, all of them capitals.
	Caps Flag = 1 << iota
	// Title is a word that begins with a capital and goes on without.
	Title
	// Elongated is a word with a letter drawn out three times or more.
	Elongated
	// Tag is a word of a hashtag.
	Tag
	// Negated is a word in the reach of a negation.
	Negated
	// Quoted is a token between quotation marks.
	Quoted
	// Brand is a token of the brand's name, set by the caller.
	Brand
	// Rival is a token of a competitor's name, set by the caller.
	Rival
	// Glued is a token that follows the one before it with no space.
	Glued
	// Line is the first token of a line.
	Line
	// Small is a word of small ASCII letters and digits alone.
	Small
)

// Token is one token and where it stands.
type Token struct {
	// Start and End are byte offsets into Doc.Src.
	Start, End int32
	// NStart and NEnd are offsets of the normal form in Doc.Norm.
	NStart, NEnd int32
	// Hash is the hash of the normal form.
	Hash uint64
	// Whole is, for the first word of a hashtag, the hash of the whole tag.
	Whole uint64
	Kind  Kind
	Flags Flag
	// Count is how often the mark stands there, for punctuation.
	Count uint16
	// Class is a set of classes that the cues note.
	Class uint16
}

// Has tells whether t has all of f.
func (t *Token) Has(f Flag) bool { return t.Flags&f == f }

// Doc is a parsed text. The zero Doc is ready to use; Parse may be called again
// and again and reuses its buffers.
type Doc struct {
	Src    string
	Norm   []byte
	Tokens []Token
	// Repost is set where the text starts as a repost does: RT @somebody.
	Repost bool
	// Words, CapsWords, Letters and Foreign count words, words in capitals,
	// letters, and letters outside the Latin script.
	Words, CapsWords, Letters, Foreign int
	// Links, Users, Tags, Emojis count what their names say.
	Links, Users, Tags, Emojis int

	line bool
}

// Form is the normal form of token i.
func (d *Doc) Form(i int) []byte {
	t := &d.Tokens[i]
	return d.Norm[t.NStart:t.NEnd]
}
