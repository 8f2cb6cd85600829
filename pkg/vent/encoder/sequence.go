package encoder

// MaxPieces is how many word pieces are read of any text, its brand's name included.
const MaxPieces = 64

const (
	// maxName is how many pieces of a brand's name are read.
	maxName = 8
	// tailShare is the part of the room, one in so many, that a long text's end gets.
	tailShare = 3
)

// sequence is what goes through the layers: [CLS] text [SEP] name [SEP].
type sequence struct {
	ids []int32
	// second is where the second segment begins, len(ids) where there is none.
	second int
	// words is, for each piece, the word of the text that it comes from, -1 for none.
	words []int32
	split splitter
	name  []int32
	tail  []int32
}

// build reads the words of a text and of a name. The pieces of the words that hidden
// tells are masked.
func (q *sequence) build(v *vocabulary, text, name []Word, hidden func(word int) bool) {
	q.name = q.name[:0]
	for i := 0; i < len(name) && len(q.name) < maxName; i++ {
		q.name = q.pieces(v, &name[i], q.name)
	}
	q.name = q.name[:min(len(q.name), maxName)]
	room := MaxPieces - 2
	if len(q.name) > 0 {
		room -= len(q.name) + 1
	}
	q.ids = append(q.ids[:0], v.cls)
	q.words = append(q.words[:0], -1)
	i := 0
	for ; i < len(text) && len(q.ids)-1 <= room; i++ {
		q.word(v, text, i, hidden)
	}
	if len(q.ids)-1 > room {
		q.cut(v, text, room, hidden)
	}
	q.add(v.sep, -1)
	q.second = len(q.ids)
	if len(q.name) > 0 {
		for _, id := range q.name {
			q.add(id, -1)
		}
		q.add(v.sep, -1)
	}
}

// cut keeps the beginning of what was read, and puts the end of the text behind it.
func (q *sequence) cut(v *vocabulary, text []Word, room int, hidden func(word int) bool) {
	keep := room / tailShare
	q.ids = q.ids[:1+room-keep]
	q.words = q.words[:1+room-keep]
	head := len(q.ids)
	// The last words, gathered from the end until they are enough.
	from := len(text)
	for n := 0; from > 0 && n < keep; {
		from--
		q.tail = q.pieces(v, &text[from], q.tail[:0])
		n += len(q.tail)
	}
	for i := from; i < len(text); i++ {
		q.word(v, text, i, hidden)
	}
	over := len(q.ids) - head - keep
	q.ids = append(q.ids[:head], q.ids[head+over:]...)
	q.words = append(q.words[:head], q.words[head+over:]...)
}

func (q *sequence) word(v *vocabulary, text []Word, i int, hidden func(word int) bool) {
	before := len(q.ids)
	q.ids = q.pieces(v, &text[i], q.ids)
	for k := before; k < len(q.ids); k++ {
		q.words = append(q.words, int32(i))
		if hidden != nil && hidden(i) {
			q.ids[k] = v.mask
		}
	}
}

func (q *sequence) add(id, word int32) {
	q.ids = append(q.ids, id)
	q.words = append(q.words, word)
}

// pieces appends the pieces of one word.
func (q *sequence) pieces(v *vocabulary, w *Word, dst []int32) []int32 {
	if w.Mark {
		if id, ok := v.ids[w.Text]; ok {
			return append(dst, id)
		}
		return append(dst, v.unknown)
	}
	return q.split.split(v, w.Text, dst)
}
